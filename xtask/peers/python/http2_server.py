"""hyper-h2 behind TLS on a free port: what the servers here have in common.

Such a server is started as `python SERVER CERTIFICATE KEY AUTHORITY`, and prints one line when it listens, as `bedrock serve --json` does.
"""

import json
import socket
import ssl
import sys
import threading

import h2.config
import h2.connection
import h2.exceptions

CERTIFICATE, KEY, AUTHORITY = sys.argv[1:4]


class Connection:
    """One HTTP/2 connection on its own thread. A call has `stream`, its number, and `out`, what waits to be sent."""

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

    def send_out(self, call):
        """Sends as much as the windows allow; whether that was all."""
        while call.out:
            room = min(self.h2.local_flow_control_window(call.stream), self.h2.max_outbound_frame_size)
            if room <= 0:
                return False
            self.h2.send_data(call.stream, call.out[:room])
            call.out = call.out[room:]
        return True

    def end(self, call):
        self.h2.end_stream(call.stream)
        del self.calls[call.stream]


def serve(connection, region="", access_key_id="", secret_access_key=""):
    """Serves each connection with a `connection` of its own, for ever."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    context.set_alpn_protocols(["h2"])
    listener = socket.create_server(("127.0.0.1", 0))
    address = {"url": f"https://localhost:{listener.getsockname()[1]}", "ca_file": AUTHORITY, "region": region}
    print(json.dumps({**address, "access_key_id": access_key_id, "secret_access_key": secret_access_key}), flush=True)
    while True:
        raw, _ = listener.accept()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=attend, args=(raw, context, connection), daemon=True).start()


def attend(raw, context, connection):
    try:
        with context.wrap_socket(raw, server_side=True) as sock:
            if sock.selected_alpn_protocol() == "h2":
                connection(sock).run()
    except (OSError, h2.exceptions.ProtocolError) as error:
        print(f"connection: {error}", file=sys.stderr, flush=True)
