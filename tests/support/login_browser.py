"""A browser for tests of ``sekisho login``: a program that walks through the pages over HTTP, with cookies.

``sekisho login --browser "PYTHON THIS_FILE LOG USER PASSWORD"`` starts it with the address to open as its
last argument. It writes each address that it opens into LOG, one a line, and the last page beside it.
"""

import html
import http.cookiejar
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path


def main(log: str, username: str, password: str, url: str) -> None:
    """Open ``url``, fill in the login form if one is shown, and follow the redirects back."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar)
    )
    with Path(log).open("a", encoding="utf-8") as file:
        file.write(url + "\n")
    place, page = _open(opener, url)
    form = re.search(r'<form method="post" action="([^"]*)"', page)
    if form is not None:
        fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page))
        sent = {name: html.unescape(value) for name, value in fields.items()}
        body = urllib.parse.urlencode({**sent, "username": username, "password": password}).encode()
        place, page = _open(opener, urllib.parse.urljoin(place, html.unescape(form[1])), body)
    Path(log + ".page").write_text(page, encoding="utf-8")


def _open(opener: urllib.request.OpenerDirector, url: str, body: bytes | None = None) -> tuple[str, str]:
    try:
        with opener.open(url, body, timeout=60) as answer:
            return answer.url, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.url, error.read().decode()


if __name__ == "__main__":
    main(*sys.argv[1:])
