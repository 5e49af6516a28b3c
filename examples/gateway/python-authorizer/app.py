"""Two handlers in Python: one lets people in by a token and says who they are, the other reads that in every later event."""

import json

PEOPLE = {"token-of-ann": "ann"}


def authorize(event, context):
    name = PEOPLE.get(event["queryStringParameters"]["token"])
    if name is None:
        raise Exception("Unauthorized")  # the word that API Gateway answers with 401
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": name, "policyDocument": policy, "context": {"team": "blue"}}


def greet(event, context):
    who = event["requestContext"]["authorizer"]
    return {"statusCode": 200, "body": json.dumps({"hello": who["principalId"], "of": who["team"]})}
