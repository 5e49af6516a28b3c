"""What users do, on the deployed stack. The names are sentences that are true where a scene does not fail."""

import hashlib
import uuid

from websockets.exceptions import ConnectionClosed

from clients import Browser, Site

# AWS begins to read a new table's stream some minutes after its stack is there. A silent socket is closed after ten.
FIRST = 540.0
# Texts that a testing tool may send, of which the first is one that made an older system drop another client.
TEXTS = ("hello", "", "{}", "[1,2,3]", "null", '{"action":"$disconnect"}', '{"action":"$connect"}', "x" * 32 * 1024)


def notify_and_revoke_are_told_of_changes_in_the_tables(site: Site, login: str):
    """Returns when notify and revoke have each been told of a first change."""
    with site.browser(login, site.issue(login)) as browser:
        site.put_into_outbox({"login": login, "body": "is the outbox read?"})
        browser.socket.recv(timeout=FIRST)
    chatter_id = site.issue(login)
    with site.browser(login, chatter_id) as browser:
        revoke(site, login, chatter_id)
        browser.socket.recv(timeout=FIRST)


def revoke(site: Site, login: str, chatter_id: str):
    """Takes a chatter ID back, as a backend does at logout."""
    key = {"login": {"S": login}, "chatter_hash": {"S": hashlib.sha256(chatter_id.encode()).hexdigest()}}
    site.dynamodb.delete_item(TableName=site.outputs["ChattersTable"], Key=key)


def expect(what: str, came, wanted):
    """Raises `AssertionError` with both, where they differ."""
    if came != wanted:
        raise AssertionError(f"{what}: {came!r}, not {wanted!r}")


def sync(browser: Browser, login: str, cursor: dict | None, n: int = 1) -> dict:
    browser.say({"action": "sync", "login": login, "cursor": cursor, "n": n})
    return browser.hear()


def hears_nothing_else(browser: Browser, login: str, n: int):
    """All posts of an invocation were made when it returned: a question that is asked after it is answered after them."""
    expect("what was heard next", sync(browser, login, None, n).get("type"), "sync")


def an_update_reaches_the_browser_of_its_login_and_no_other(site: Site, login: str):
    other = f"{login} 2"
    with site.browser(login, site.issue(login)) as browser, site.browser(other, site.issue(other)) as foreign:
        expect("browsers reached", site.invoke_notify({"login": login, "topic": "plays", "body": {"plays": 1}})["sent"], 1)
        update = browser.hear()
        expect("the update", [update[name] for name in ("type", "login", "topic", "version", "body")],
               ["stats-updated", login, "plays", 1, {"plays": 1}])
        hears_nothing_else(foreign, other, 1)


def events_of_the_queue_and_of_the_outbox_reach_the_browser(site: Site, login: str):
    with site.browser(login, site.issue(login)) as browser:
        for send, plays in ((site.send, 2), (site.put_into_outbox, 3)):
            send({"login": login, "body": {"plays": plays}})
            expect("the update's body", browser.hear()["body"], {"plays": plays})


def a_chatter_id_that_is_wrong_foreign_or_expired_is_refused(site: Site, login: str):
    for chatter_id in (str(uuid.uuid4()), site.issue(f"{login} 2"), site.issue(login, seconds=-1), "not a UUID"):
        # AWS passes $connect's own status on, 401; the emulator answers 403 whatever it is. conformance.json wants 401.
        status = site.refusal(login, chatter_id)
        if status not in (401, 403):
            raise AssertionError(f"the handshake was answered {status}, not 401")
    expect("rows of the login", site.connections_of(login), [])


def a_page_that_was_away_learns_what_it_missed(site: Site, login: str):
    chatter_id = site.issue(login)
    with site.browser(login, chatter_id) as browser:
        site.invoke_notify({"login": login, "topic": "plays", "body": 1})
        push = browser.hear()
    for topic, body in (("plays", 2), ("badges", 3), ("plays", 4)):
        site.invoke_notify({"login": login, "topic": topic, "body": body})
    with site.browser(login, chatter_id) as browser:
        reply = sync(browser, login, {"epoch": push["epoch"], "version": push["version"]})
        expect("versions missed", reply["missed"], 3)
        expect("what they were", [(one["topic"], one["body"]) for one in reply["updates"]], [("badges", 3), ("plays", 4)])


def a_chatter_id_that_is_taken_back_closes_its_socket_and_no_other(site: Site, login: str):
    gone, kept = site.issue(login), site.issue(login)
    with site.browser(login, kept) as other, site.browser(login, gone) as browser:
        revoke(site, login, gone)
        expect("what its page is told", browser.hear(), {"type": "closing", "reason": "revoked", "retry": False})
        try:
            raise AssertionError(f"the socket went on: {browser.hear()}")
        except ConnectionClosed as closed:
            expect("the close code", closed.rcvd and closed.rcvd.code, 1000)
        site.invoke_notify({"login": login, "body": 5})
        expect("what the other hears", other.hear()["body"], 5)
    if site.refusal(login, gone) not in (401, 403):
        raise AssertionError("its chatter ID is still taken")


def of_two_clients_one_may_send_any_text_and_both_stay(site: Site, login: str):
    with site.browser(login, site.issue(login)) as tool, site.browser(login, site.issue(login)) as page:
        for text in TEXTS:
            tool.socket.send(text)
        expect("browsers reached", site.invoke_notify({"login": login, "body": "still there?"})["sent"], 2)
        expect("what the page hears", page.hear()["body"], "still there?")
        # The answers to its texts, which may be heard before it and after it.
        while (heard := tool.hear()).get("type") != "stats-updated":
            pass
        expect("what the tool hears", heard["body"], "still there?")


SCENES = (
    an_update_reaches_the_browser_of_its_login_and_no_other,
    events_of_the_queue_and_of_the_outbox_reach_the_browser,
    a_chatter_id_that_is_wrong_foreign_or_expired_is_refused,
    a_page_that_was_away_learns_what_it_missed,
    a_chatter_id_that_is_taken_back_closes_its_socket_and_no_other,
    of_two_clients_one_may_send_any_text_and_both_stay,
)
