"""Takes OTLP/HTTP JSON as the official protobuf definitions read it, and writes one line a span; other JSON gets 400."""

import base64
import http.server
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def with_binary_ids(request):
    # OTLP spells ids in hex, protobuf's JSON in base64.
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):
                    if key in span:
                        span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    return request


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            if self.path != "/v1/traces" or self.headers["Content-Type"] != "application/json":
                raise ValueError(f"{self.path} {self.headers['Content-Type']}")
            request = json_format.ParseDict(with_binary_ids(json.loads(body)), ExportTraceServiceRequest())
        except Exception as error:  # whatever is wrong with it, the test is to see it
            print("refused", error, flush=True)
            self.send_response(400)
            self.end_headers()
            return
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    took = span.end_time_unix_nano - span.start_time_unix_nano
                    print(
                        "span", span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex() or "-",
                        span.kind, span.status.message or "-", took, span.name.replace(" ", ":"), flush=True,
                    )
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
