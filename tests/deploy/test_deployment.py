"""The deployed stack, with the real binaries, driven by clients that others wrote."""

import json
import uuid

from clients import Site, eventually
from deployment import Deployment
from leftovers import left_of


def test_a_handshake_with_valid_credentials_is_accepted_and_stored(site, login):
    with site.browser(login, site.issue(login)):
        [row] = site.connections_of(login)
        assert row["connection_id"]["S"]
        # 2 hours and 10 minutes: API Gateway ends every socket after two hours.
        assert int(row["expires_at"]["N"]) == int(row["connected_at"]["N"]) // 1000 + 7800


def test_an_unknown_chatter_id_is_refused(site, login):
    site.issue(login)
    # AWS answers with $connect's own status, 401; ministack with 403 whatever $connect's is.
    assert site.refusal(login, str(uuid.uuid4())) in (401, 403)
    assert site.connections_of(login) == []


def test_an_expired_chatter_id_is_refused(site, login):
    assert site.refusal(login, site.issue(login, seconds=-1)) in (401, 403)


def test_another_logins_chatter_id_is_refused(site, login):
    assert site.refusal(login, site.issue(f"not-{login}")) in (401, 403)


def test_notify_invoked_directly_reaches_the_browser(site, login):
    with site.browser(login, site.issue(login)) as browser:
        report = site.invoke_notify({"login": login, "topic": "updates", "body": {"plays": 1}})
        assert report == {"logins": {login: 1}, "sent": 1, "gone": 0, "early": 0, "deferred": 0, "no_room": 0, "surplus": 0, "failed": 0}
        update = browser.hear()
        assert (update["type"], update["login"], update["topic"]) == ("stats-updated", login, "updates")
        assert (update["version"], update["prev"], update["body"]) == (1, 0, {"plays": 1})


def test_an_event_in_the_queue_reaches_the_browser(site, login):
    with site.browser(login, site.issue(login)) as browser:
        site.send({"users": [login], "topics": ["updates"], "body": {"plays": 2}})
        assert browser.hear()["body"] == {"plays": 2}


def test_an_event_in_the_outbox_reaches_the_browser(site, login):
    with site.browser(login, site.issue(login)) as browser:
        site.put_into_outbox({"login": login, "body": {"plays": 3}})
        assert browser.hear()["body"] == {"plays": 3}


def test_a_changed_outbox_item_is_a_new_update_only_if_its_event_changed(site, login):
    table = site.outputs["OutboxTable"]
    with site.browser(login, site.issue(login)) as browser:
        item = site.put_into_outbox({"login": login, "body": {"plays": 4}})
        assert browser.hear()["version"] == 1
        # Changes of other attributes: the event is the same.
        item["expires_at"] = {"N": str(int(item["expires_at"]["N"]) + 3600)}
        site.dynamodb.put_item(TableName=table, Item=item)
        site.dynamodb.put_item(TableName=table, Item={**item, "read_by": {"S": "somebody"}})
        # A new event under the same key, as from a pipeline with one item for each login.
        item["event"] = {"S": json.dumps({"login": login, "body": {"plays": 5}})}
        site.dynamodb.put_item(TableName=table, Item=item)
        update = browser.hear()
        assert (update["version"], update["body"]) == (2, {"plays": 5})
        site.dynamodb.delete_item(TableName=table, Key={"id": item["id"]})
        site.put_into_outbox({"login": login, "body": {"plays": 6}})
        update = browser.hear()
        assert (update["version"], update["body"]) == (3, {"plays": 6})


def test_deleting_a_chatter_id_closes_the_sockets_that_it_opened_and_no_others(site, login):
    revoked, kept = site.issue(login), site.issue(login)
    with site.browser(login, kept) as other:
        with site.browser(login, revoked) as browser:
            site.revoke(login, revoked)
            assert browser.hear() == {"type": "closing", "reason": "revoked", "retry": False}
        assert site.refusal(login, revoked) in (401, 403)
        site.invoke_notify({"login": login, "body": {"plays": 7}})
        assert other.hear()["body"] == {"plays": 7}


def test_a_bad_event_ends_in_the_dead_letter_queue_and_holds_up_no_other(site, login):
    # Without this, the five tries would be six minutes apart.
    site.sqs.set_queue_attributes(QueueUrl=site.outputs["QueueUrl"], Attributes={"VisibilityTimeout": "0"})
    bad = f"not an event of {login}"
    with site.browser(login, site.issue(login)) as browser:
        site.sqs.send_message(QueueUrl=site.outputs["QueueUrl"], MessageBody=bad)
        site.send({"login": login, "body": {"plays": 6}})
        assert browser.hear()["body"] == {"plays": 6}
    dead = site.outputs["DeadLetterQueueUrl"]
    received = eventually(
        "the bad event is in the dead-letter queue",
        lambda: site.sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=1).get("Messages"),
    )
    assert [message["Body"] for message in received] == [bad]


def test_the_queue_has_a_limit_of_five_invocations_at_once_and_the_outbox_none(site):
    mappings = site.functions.list_event_source_mappings(FunctionName=site.outputs["NotifyFunction"])
    paces = {one["EventSourceArn"].split(":")[2]: one.get("ScalingConfig") for one in mappings["EventSourceMappings"]}
    assert paces == {"sqs": {"MaximumConcurrency": 5}, "dynamodb": None}


def test_a_socket_gets_updates_of_its_own_topics_and_its_own_login_only(site, login):
    chatter_id = site.issue(login)
    with site.browser(login, chatter_id, topic="plays") as browser:
        site.invoke_notify({"login": f"not-{login}", "topic": "plays", "body": 1})
        site.invoke_notify({"login": login, "topic": "games", "body": 2})
        site.invoke_notify({"login": login, "topic": "plays", "body": 3})
        assert browser.hear()["body"] == 3


def test_a_sync_is_answered_with_the_missed_update_on_the_same_socket(site, login):
    site.invoke_notify({"login": login, "body": {"plays": 7}})
    with site.browser(login, site.issue(login)) as browser:
        browser.say({"action": "sync", "login": login, "cursor": None, "n": 1})
        reply = browser.hear()
        assert (reply["type"], reply["n"], reply["cursor"]["version"]) == ("sync", 1, 1)
        assert [update["body"] for update in reply["updates"]] == [{"plays": 7}]


def test_a_closed_sockets_row_is_deleted(site, login):
    with site.browser(login, site.issue(login)):
        assert len(site.connections_of(login)) == 1
    eventually("the row is gone", lambda: site.connections_of(login) == [])


def test_destroy_leaves_no_resource(emulator, aws, tmp_path):
    deployment = Deployment(emulator, "Passing", tmp_path, {})
    site = Site(deployment, aws)
    with site.browser("passer-by", site.issue("passer-by")):
        there = left_of("Passing", aws)
        assert all(there.values()), there
    deployment.destroy()
    assert not any(left_of("Passing", aws).values()), left_of("Passing", aws)


def test_tables_that_are_kept_are_taken_up_again_by_the_next_stack(emulator, aws, tmp_path, login):
    first = Site(Deployment(emulator, "Kept", tmp_path / "first", {"keepTables": True}), aws)
    chatter_id = first.issue(login)
    first.invoke_notify({"login": login, "body": {"plays": 1}})
    first.deployment.destroy()
    tables = {name: first.outputs[f"{name.capitalize()}Table"] for name in ("chatters", "updates")}
    described = first.dynamodb.describe_table(TableName=tables["chatters"])["Table"]
    existing = {"chatters": {"name": tables["chatters"], "streamArn": described["LatestStreamArn"]}, "updates": tables["updates"]}
    second = Site(Deployment(emulator, "Again", tmp_path / "second", {"existingTables": existing}), aws)
    try:
        with second.browser(login, chatter_id) as browser:
            browser.say({"action": "sync", "login": login, "cursor": None, "n": 1})
            assert [update["body"] for update in browser.hear()["updates"]] == [{"plays": 1}]
            second.revoke(login, chatter_id)
            assert browser.hear() == {"type": "closing", "reason": "revoked", "retry": False}
    finally:
        second.deployment.destroy()
        for table in tables.values():
            second.dynamodb.delete_table(TableName=table)
