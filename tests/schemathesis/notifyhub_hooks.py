"""What schemathesis has to be told about the hub: a stream does not end, an idempotency key is for one post, and an
address to open is one of the web."""

import itertools

import requests.adapters
import schemathesis
from hypothesis import strategies

send = requests.adapters.HTTPAdapter.send
numbers = itertools.count()
MAX_KEY_CHARS = 255


def made_unique(key):
    """What a used key gives depends on what was posted with it, and on whether that was deleted since."""
    number = str(next(numbers))
    number = number.encode() if isinstance(key, bytes) else number
    return key[: MAX_KEY_CHARS - len(number)] + number


def send_as_a_client_of_the_hub(self, request, **options):
    """Of an event stream what it begins with is the answer: `hello` and what follows at once."""
    key = request.headers.get("Idempotency-Key")
    if key and len(key) <= MAX_KEY_CHARS:
        request.headers["Idempotency-Key"] = made_unique(key)
    response = send(self, request, **options)
    if response.headers.get("Content-Type") != "text/event-stream" or request.method == "HEAD":
        return response
    received = b""
    for piece in response.iter_content(None):
        received += piece
        is_resumed = b'"reason":"resumed"' in received
        if received.endswith(b"\n\n") and (is_resumed or b"event: init\n" in received):
            break
    response._content = received
    response.close()
    return response


requests.adapters.HTTPAdapter.send = send_as_a_client_of_the_hub

# No schema can say which schemes an address may have; the descriptions do.
schemathesis.openapi.format(
    "uri",
    strategies.builds(
        "{}://{}.example/{}".format,
        strategies.sampled_from(["http", "https"]),
        strategies.from_regex(r"[a-z]{1,10}", fullmatch=True),
        strategies.from_regex(r"[a-zA-Z0-9_.~%=&?#-]{0,30}", fullmatch=True),
    ),
)
