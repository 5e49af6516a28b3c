"""A topic, buses and a table that an account has already, and the setting by which notify gets events from them."""

STATS = "StatsOfASite"
# What a pipe makes of a change in the table of plays: docs/ways-in.md.
TEMPLATE = '{"login": "<$.dynamodb.Keys.login.S>", "id": "<$.eventID>", "body": {"plays": "<$.dynamodb.NewImage.plays.N>"}}'


def ways_in(aws) -> dict:
    """Makes them, and returns the setting."""
    topic = aws.client("sns").create_topic(Name=STATS)["TopicArn"]
    aws.client("events").create_event_bus(Name=STATS)
    table = aws.client("dynamodb").create_table(
        TableName=STATS, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "login", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "login", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    return {
        "topics": [topic],
        "rules": {
            "default": {"pattern": {"source": ["stats"], "detail-type": ["StatsUpdated"]}},
            "games": {"pattern": {"source": ["games"]}, "bus": STATS},
        },
        "pipes": {"plays": {"source": table["LatestStreamArn"], "template": TEMPLATE}},
    }
