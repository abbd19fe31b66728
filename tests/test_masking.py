"""What is shown of URLs: enough to know which is meant, and no secret."""

from __future__ import annotations

import pytest

from neontodo.db.url import EXAMPLE
from neontodo.errors import BadValue
from neontodo.masking import mask_database_urls, mask_passwords, mask_url

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://app.example.com/api/auth", "https://app.example.com/api/auth"),
        ("http://[::1]:3000/api/auth", "http://[::1]:3000/api/auth"),
        ("https://zoe:hunter2@app.example.com:8443/api", "https://…@app.example.com:8443/api"),
        ("https://hunter2@app.example.com", "https://…@app.example.com"),
        ("https://zoe:hun@ter2@app.example.com/x", "https://…@app.example.com/x"),
        ("https://zoe:hunt/er2@app.example.com/x", "https://…@app.example.com/x"),
        ("https://zoe:hunt?er2#@app.example.com/x", "https://…@app.example.com/x"),
        ("https://zoe%3Ahunter2%40app.example.com/x", "https://…/x"),
        ("https://zoe%3Ahunter2@app.example.com/x", "https://…@app.example.com/x"),
        ("https://zoe:hunter2/x", "https://…/x"),
        ("https://app.example.com/x?key=hunter2", "https://app.example.com/x?…"),
        ("https://app.example.com/x#hunter2", "https://app.example.com/x#…"),
        ("zoe:hunter2@app.example.com", "…@app.example.com"),
        ("jdbc:postgresql://h/d?user=u&password=hunter2", "jdbc:postgresql://h/d?…"),
        ("urn:example:issuer", "urn:example:issuer"),
        ("my-audience", "my-audience"),
        ("", ""),
    ],
)
def test_a_setting_is_shown_without_secrets(url: str, shown: str) -> None:
    assert mask_url(url) == shown
    assert mask_url(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`postgresql://u:hunter2@h/d` is gone", "`postgresql://…@h/d` is gone"),
        ("`postgresql://u:hun@ter2@h/d` is gone", "`postgresql://…@h/d` is gone"),
        ("https://hunter2@h and http://a:b@c", "https://…@h and http://…@c"),
        ("postgresql://u@h:6000/d is gone", "postgresql://u@h:6000/d is gone"),
        ("postgresql://u@[::1]:6000/d is gone", "postgresql://u@[::1]:6000/d is gone"),
        (f"such as {EXAMPLE}", f"such as {EXAMPLE}"),
        ("`sslmode` of postgresql://a:hunter2@h/d", "`sslmode` of postgresql://…@h/d"),
        ("zoe@example.com at https://h:8443/x", "zoe@example.com at https://h:8443/x"),
    ],
)
def test_passwords_are_masked_in_any_text(text: str, shown: str) -> None:
    assert mask_passwords(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no such command 'postgresql://alex:b@h/d", "no such command 'postgresql://…"),
        ("postgres+asyncpg://a:b c@h/d and more", "postgres+asyncpg://…"),
        ("POSTGRES:a:b@h", "POSTGRES:…"),
        ("(mysql://root:hunter2@h/d)", "(mysql://…"),
        ("there is no command `postgres`", "there is no command `postgres`"),
    ],
)
def test_text_that_nobody_checked_ends_before_a_url(text: str, shown: str) -> None:
    assert mask_database_urls(text) == shown


def test_no_error_shows_the_password_of_a_url() -> None:
    url = f"postgresql://u:{SECRET}@h/d"
    error = BadValue(f"`{url}` is odd", hint=f"not {url}", details=(url,))
    assert SECRET not in f"{error} {error!r} {error.message} {error.hint} {error.details}"
