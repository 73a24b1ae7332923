"""Posts with clients of other hubs, as they come. Arguments: the hub's host and port, and its publish token."""

import sys
import tempfile

import apprise
import gotify
import ntfy_lite

hub, token = sys.argv[1:]


def post(url, body, **more):
    client = apprise.Apprise()
    assert client.add(url), f"Apprise does not take {url}"
    sent = client.notify(title="Bäume 🎉", body=body, notify_type="failure", **more)
    assert sent, f"{url} was not sent"


# A token of ntfy begins with `tk_`: with another it is a password.
post(f"ntfy://me:{token}@{hub}/builds?priority=max&tags=ci,x&click=https://ci.example/7", "by ntfy://")
post(f"gotify://{hub}/{token}?priority=emergency", "by gotify://")
post(f"json://me:{token}@{hub}/hooks/apprise", "by json://")
post(f"json://me:{token}@{hub}/api/notifications", "by json:// at the API")
post(f"form://me:{token}@{hub}/hooks/apprise", "by form://")
post(f"form://me:{token}@{hub}/api/notifications", "by form:// at the API")
post(f"apprise://{hub}/{token}", "by apprise://")
post(f"mmost://{hub}/{token}", "by mmost://")
with tempfile.NamedTemporaryFile(suffix=".log") as file:
    file.write(b"no text: \xff")
    file.flush()
    post(f"ntfy://me:{token}@{hub}/builds", "by ntfy:// with a file", attach=file.name)

ntfy_lite.push(
    "builds",
    "A title",
    message="by ntfy-lite",
    priority=ntfy_lite.Priority.MAX,
    tags=["warning", "ci"],
    click="https://ci.example/8",
    actions=[ntfy_lite.ViewAction("Open", "https://ci.example/8")],
    url=f"http://me:{token}@{hub}",
)

answer = gotify.Gotify(base_url=f"http://{hub}", app_token=token).create_message("by gotify", title="T", priority=5)
assert isinstance(answer["id"], int) and answer["message"] == "by gotify", answer
