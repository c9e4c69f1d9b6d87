"""What a schema cannot say: whose token it is, and how GitHub signs the bytes that it sends."""

import hashlib
import hmac
import os
import re

import requests
import schemathesis

SIGNATURE = "X-Hub-Signature-256"


@schemathesis.hook
def map_body(context, body):
    """The environment that the token is for, where the schema would take any name."""
    if isinstance(body, dict) and isinstance(body.get("environment"), str):
        if re.fullmatch("[a-z][a-z0-9_-]{0,31}", body["environment"]):
            return {**body, "environment": "uat"}
    return body


class Signing(requests.adapters.HTTPAdapter):
    """Replaces the stand-in for a signature; a request without one, or with another one, is not signed."""

    send_as_is = requests.adapters.HTTPAdapter.send

    def send(self, request, **how):
        given = request.headers.get(SIGNATURE)
        if given in ("sha256=signed-below", b"sha256=signed-below"):
            body = request.body or b""
            body = body.encode() if isinstance(body, str) else body
            digest = hmac.new(os.environ["WEBHOOK_SECRET"].encode(), body, hashlib.sha256).hexdigest()
            request.headers[SIGNATURE] = f"sha256={digest}"
        # A connection ends with a refusal that came before the whole body, which a busy client learns too late. So what
        # one request does to the next on its connection is not asked here.
        request.headers["Connection"] = "close"
        # What is no HTTP is answered by the HTTP library, and not by the routes.
        for name, value in request.headers.items():
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            request.headers[name] = re.sub("[^ -~]", "?", text)
        return Signing.send_as_is(self, request, **how)


requests.adapters.HTTPAdapter.send = Signing.send
