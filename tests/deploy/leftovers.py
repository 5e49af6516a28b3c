"""What a stack has made, and what is left of it: by its name, which all that it makes has in its own."""

import re

# Where each kind is listed: client, operation, the list in the answer, and the member with the name, if the list holds objects.
KINDS = {
    "queues": ("sqs", "list_queues", "QueueUrls", None),
    "stacks": ("cloudformation", "list_stacks", "StackSummaries", "StackName"),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "mappings": ("lambda", "list_event_source_mappings", "EventSourceMappings", "FunctionArn"),
    "tables": ("dynamodb", "list_tables", "TableNames", None),
    "roles": ("iam", "list_roles", "Roles", "RoleName"),
    "logs": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "apis": ("apigatewayv2", "get_apis", "Items", "Name"),
    "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
}
# Of stacks, those that were deleted are listed for 90 days.
THERE = {"StackStatusFilter": ["REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_FAILED", "CREATE_COMPLETE", "ROLLBACK_IN_PROGRESS",
                               "ROLLBACK_FAILED", "ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_FAILED", "UPDATE_COMPLETE"]}


def left_of(stack: str, aws) -> dict[str, list[str]]:
    """Names by kind, of an account that `aws.client(service)` asks."""
    return {kind: [name for name in names(kind, aws) if is_of(stack, name)] for kind in KINDS}


def is_of(stack: str, name: str) -> bool:
    """Whether a name, an ARN or a URL has the stack's name in it, whole: `Chat` has made nothing of `Chatterbox`."""
    return re.search(rf"(?<![A-Za-z0-9-]){re.escape(stack)}(?![A-Za-z0-9])", name) is not None


def names(kind: str, aws) -> list[str]:
    service, operation, items, name = KINDS[kind]
    pages = aws.client(service).get_paginator(operation).paginate(**(THERE if kind == "stacks" else {}))
    found = [one for page in pages for one in page.get(items, [])]
    return [one[name] for one in found] if name else found
