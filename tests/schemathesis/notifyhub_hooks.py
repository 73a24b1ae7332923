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

# Nor what a browser makes for a subscription: an address of its push service, a point of P-256 (here its generator,
# SEC 2, section 2.4.2, and the opposite one) and 16 bytes.
schemathesis.openapi.format(
    "push-endpoint", strategies.from_regex(r"https://push\.example/[a-zA-Z0-9_-]{1,40}", fullmatch=True)
)
schemathesis.openapi.format(
    "p256-point",
    strategies.sampled_from(
        [
            "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
            "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWsBy9HAHlgGVxGBS1g_Bh6dQxzKmUzqExNEm_l8hArgo",
        ]
    ),
)
schemathesis.openapi.format("push-secret", strategies.from_regex(r"[A-Za-z0-9_-]{21}[AQgw]", fullmatch=True))
