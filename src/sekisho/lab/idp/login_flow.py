"""What the login page does with what it is sent: sign in, change the temporary password, hand out a code.

Each function runs as an operation of the pool does: on a consistent view of the facts, one at a time.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sekisho.decide.values import Secret
from sekisho.facts import Event, PoolPasswordPolicy, UserPoolDomain, UserPoolUser
from sekisho.facts.pool_lookup import user_of_sub
from sekisho.lab.aws.operation import Answer, AwsError
from sekisho.lab.idp.authentication import who
from sekisho.lab.idp.authorization_code import code_for
from sekisho.lab.idp.code import PoolCode
from sekisho.lab.idp.oauth_request import Authorization, client_at, gone_back
from sekisho.lab.idp.pool_context import PoolContext, Trail
from sekisho.lab.idp.sign_in import challenged, recognise, with_new_password
from sekisho.lab.idp.tickets import Tickets

BROWSER_LIFETIME: Final = timedelta(hours=1)
"""How long a browser stays signed in (Cognito Developer Guide, "Managed login session duration")."""


def session_reused(context: PoolContext, asked: Authorization, browser: str) -> Answer:
    """Return where a browser goes that has signed in of late; without ``location`` it has to sign in."""
    tickets = Tickets(context, asked.pool.pool, "browser")
    record = tickets.found(browser) if browser else None
    user = None if record is None else user_of_sub(context.facts, asked.pool.pool, record["sub"])
    if record is None or user is None or not user.enabled or "login" in asked.prompt.split():
        return Answer({})
    trail = Trail()
    trail.passed(PoolCode.USER, name="the browser's session", sub=user.sub)
    code, kept = code_for(context, asked, user, record["auth_time"])
    return Answer({"location": asked.answered(code=code)}, (), kept, trail.allowed(), who(user))


def password_given(context: PoolContext, asked: Authorization, name: str, password: str) -> Answer:
    """Return where the browser goes now, or the ``challenge`` under which a new password is asked for.

    Raises:
        AwsError: as `sign_in.recognise`; whether there is such a user is never told.
    """
    trail = Trail()
    trail.passed(PoolCode.CLIENT, client=asked.client.client, pool=asked.pool.pool)
    discreet = replace(asked.client, hides_unknown_users=True)
    found = recognise(context, trail, asked.pool, discreet, name, password)
    if found.must_change:
        trail.passed(PoolCode.NEW_PASSWORD_NEEDED)
        session, kept = challenged(context, asked.client, found.user)
        secrets = {**found.secrets, **kept}
        return Answer({"challenge": session.reveal()}, (), secrets, trail.allowed(), who(found.user))
    return _gone(context, trail, asked, found.user, (), found.secrets)


def new_password_given(context: PoolContext, asked: Authorization, session: str, password: str) -> Answer:
    """Return where the browser goes after the temporary password was changed.

    Raises:
        AwsError: the challenge has ended, or the password does not conform.
    """
    trail = Trail()
    trail.passed(PoolCode.CLIENT, client=asked.client.client, pool=asked.pool.pool)
    user, events, secrets = with_new_password(context, trail, asked.pool, asked.client, session, password)
    return _gone(context, trail, asked, user, events, secrets)


def logged_out(
    context: PoolContext, domain: UserPoolDomain | None, given: Mapping[str, str], browser: str
) -> Answer:
    """Return where a browser goes that wants to sign out: to an address that the app client lists.

    Raises:
        AwsError: the client lists no such address.
    """
    client, pool = client_at(context, domain, given.get("client_id", ""))
    trail = Trail()
    trail.passed(PoolCode.CLIENT, client=client.client, pool=pool.pool)
    url = given.get("logout_uri", "")
    if url not in client.logout_urls:
        error = AwsError("redirect_mismatch", "the app client does not list this logout_uri")
        raise trail.refused(PoolCode.REDIRECT_UNKNOWN, error, url=url, kind="logout")
    tickets = Tickets(context, pool.pool, "browser")
    tickets.closed(browser)
    location = gone_back(url, given["state"]) if "state" in given else url
    return Answer({"location": location}, (), tickets.kept(), trail.allowed())


def rules(policy: PoolPasswordPolicy) -> str:
    """Return in a sentence what a password has to be."""
    needed = (
        (policy.uppercase, "an upper-case letter"),
        (policy.lowercase, "a lower-case letter"),
        (policy.numbers, "a number"),
        (policy.symbols, "a symbol"),
    )
    kinds = [text for is_wanted, text in needed if is_wanted]
    listed = " and ".join(filter(None, (", ".join(kinds[:-1]), *kinds[-1:])))
    return f"Use at least {policy.minimum_length} characters{f', with {listed}' if listed else ''}."


def _gone(
    context: PoolContext,
    trail: Trail,
    asked: Authorization,
    user: UserPoolUser,
    events: tuple[Event, ...],
    secrets: Mapping[str, Secret | None],
) -> Answer:
    now = int(context.now.epoch)
    tickets = Tickets(context, asked.pool.pool, "browser")
    browser = tickets.opened({"sub": user.sub, "auth_time": now}, BROWSER_LIFETIME)
    code, kept = code_for(context, asked, user, now)
    output = {"location": asked.answered(code=code), "browser": browser.reveal()}
    return Answer(output, events, {**secrets, **kept, **tickets.kept()}, trail.allowed(), who(user))
