# SPDX-License-Identifier: GPL-2.0-only
"""An OCSP responder that says what a test wants it to say."""
import datetime
import http.server
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

MINUTE = datetime.timedelta(minutes=1)
STATUSES = {"good": ocsp.OCSPCertStatus.GOOD, "revoked": ocsp.OCSPCertStatus.REVOKED,
            "unknown": ocsp.OCSPCertStatus.UNKNOWN}


class Responder:
    """
    status: of every certificate, or {Cert: status} with "good" for the rest. begins, ends: minutes from now; ends None:
    no end. body: sent instead, bytes. code: of HTTP. While `go` is not set, no question is answered.
    """

    def __init__(self, ca, known, signer=None):
        self.ca, self.known, self.signer = ca, known, signer or ca
        self.status, self.begins, self.ends = "good", -1, 60
        self.body, self.code, self.headers = None, 200, {}
        self.go = threading.Event()
        self.go.set()
        self.closing = False
        self.asked = []  # common names
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # a client that does not wait for the answer

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/ocsp"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def find(self, serial):
        return next(c for c in self.known if c.cert.serial_number == serial)

    def sign(self, request):
        cert = self.find(request.serial_number)
        status = self.status if isinstance(self.status, str) else self.status.get(cert, "good")
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        revoked = status == "revoked"
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=cert.cert, issuer=self.ca.cert, algorithm=hashes.SHA1(), cert_status=STATUSES[status],
            this_update=now + self.begins * MINUTE,
            next_update=None if self.ends is None else now + self.ends * MINUTE,
            revocation_time=now - MINUTE if revoked else None, revocation_reason=None)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, self.signer.cert)
        builder = builder.certificates([self.signer.cert])
        return builder.sign(self.signer.key_object, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def answer(self, handler):
        request = ocsp.load_der_ocsp_request(handler.rfile.read(int(handler.headers["Content-Length"])))
        assert handler.headers["Content-Type"] == "application/ocsp-request"
        self.asked.append(self.find(request.serial_number).cert.subject.rfc4514_string())
        self.go.wait()
        if self.closing:
            return
        body = self.sign(request) if self.body is None else self.body
        handler.send_response(self.code)
        handler.send_header("Content-Type", "application/ocsp-response")
        handler.send_header("Content-Length", str(len(body)))
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def close(self):
        self.closing = True
        self.go.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
