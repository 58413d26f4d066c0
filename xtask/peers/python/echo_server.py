"""hyper-h2 as a server that does as the path says: for the transport alone, without signatures.

python echo_server.py CERTIFICATE KEY AUTHORITY

Prints one line when it listens, as `bedrock serve --json` does.
"""

import json
import socket
import ssl
import sys
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from hyperframe.frame import GoAwayFrame

CERTIFICATE, KEY, AUTHORITY = sys.argv[1:4]
# Bytes that are echoed before a call is reset or goes away: a few events.
SOME = 10_000


class Call:
    """One call: what it is for, what waits to go back."""

    def __init__(self, stream, path):
        self.stream = stream
        self.what, self.how = (path.split("/") + ["", ""])[1:3]
        self.came = 0
        self.out = b""
        self.responded = self.ended = False


class Connection:
    """One HTTP/2 connection on its own thread."""

    def __init__(self, sock):
        self.sock = sock
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self.h2 = h2.connection.H2Connection(config=config)
        self.calls = {}

    def run(self):
        self.h2.initiate_connection()
        self.flush()
        while data := self.sock.recv(65_536):
            for event in self.h2.receive_data(data):
                self.on_event(event)
            for call in list(self.calls.values()):
                self.pump(call)
            self.flush()

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def on_event(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.open(Call(event.stream_id, dict(event.headers)[":path"]))
        elif isinstance(event, h2.events.DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if call := self.calls.get(event.stream_id):
                self.on_data(call, event.data)
        elif isinstance(event, h2.events.StreamEnded):
            if call := self.calls.get(event.stream_id):
                call.ended = True
        elif isinstance(event, h2.events.StreamReset):
            self.calls.pop(event.stream_id, None)

    def open(self, call):
        if call.what == "refuse":
            self.refuse(call)
        elif (call.what, call.how) == ("goaway", "below"):
            self.go_away(call.stream - 2)
        else:
            self.calls[call.stream] = call
            if call.what != "late":
                self.respond(call)

    def respond(self, call):
        call.responded = True
        self.h2.send_headers(call.stream, [(":status", "200"), ("content-type", "application/vnd.amazon.eventstream")])

    def refuse(self, call):
        """The whole answer at once, and a word that no more of the request is wanted (RFC 9113, 8.1)."""
        body = json.dumps({"message": "No. " * 3_000}).encode()
        self.h2.send_headers(call.stream, [(":status", "403"), ("content-type", "application/json")])
        self.h2.send_data(call.stream, body, end_stream=True)
        self.h2.reset_stream(call.stream, h2.errors.ErrorCodes.NO_ERROR)

    def on_data(self, call, data):
        due = call.came < SOME <= call.came + len(data)
        call.came += len(data)
        call.out += data
        if due and call.what == "goaway":
            self.go_away(call.stream)
        if due and call.what == "reset":
            self.pump(call)
            del self.calls[call.stream]
            self.h2.reset_stream(call.stream, int(call.how))

    def go_away(self, last):
        """By hand: after a GOAWAY of its own hyper-h2 does not go on with the calls that it covers."""
        self.flush()
        self.sock.sendall(GoAwayFrame(0, last_stream_id=last, error_code=0).serialize())

    def pump(self, call):
        """Sends as much as the windows allow; ends the stream when all is sent and the client has ended."""
        if call.ended and not call.responded:
            self.respond(call)
        while call.out and call.responded:
            room = min(self.h2.local_flow_control_window(call.stream), self.h2.max_outbound_frame_size)
            if room <= 0:
                return
            self.h2.send_data(call.stream, call.out[:room])
            call.out = call.out[room:]
        if call.ended:
            self.h2.end_stream(call.stream)
            del self.calls[call.stream]


def attend(raw, context):
    try:
        with context.wrap_socket(raw, server_side=True) as sock:
            if sock.selected_alpn_protocol() == "h2":
                Connection(sock).run()
    except (OSError, h2.exceptions.ProtocolError) as error:
        print(f"connection: {error}", file=sys.stderr, flush=True)


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    context.set_alpn_protocols(["h2"])
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"https://localhost:{listener.getsockname()[1]}"
    keys = {"region": "", "access_key_id": "", "secret_access_key": ""}
    print(json.dumps({"url": url, "ca_file": AUTHORITY, **keys}), flush=True)
    while True:
        raw, _ = listener.accept()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=attend, args=(raw, context), daemon=True).start()


main()
