"""hyper-h2 as a server that does as the path says: for the transport alone, without signatures."""

import json

import h2.errors
import h2.events
from hyperframe.frame import GoAwayFrame

import http2_server

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


class Connection(http2_server.Connection):
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
        """Sends what waits; ends the stream when all is sent and the client has ended."""
        if call.ended and not call.responded:
            self.respond(call)
        if call.responded and not self.send_out(call):
            return
        if call.ended:
            self.end(call)


http2_server.serve(Connection)
