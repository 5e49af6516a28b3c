//! The functions of a deployed stack: there, ready, for one processor, with complete settings that agree.

use super::Check;
use crate::place::Place;
use chatterbox_core::{Function, settings};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Looks at the five functions, and at what brings them records of streams and queues.
pub(super) async fn look(place: &Place) -> Vec<Check> {
    let Some(stack) = &place.stack else {
        return vec![Check::not_tried(
            "functions",
            "those of chatter local have the settings that it gives them",
        )];
    };
    let mut checks = Vec::new();
    let mut found = BTreeMap::new();
    for function in Function::ALL {
        let name = format!("{stack}-{}", function.name());
        match place.api.function(&name).await {
            Ok(configuration) => {
                checks.extend(settings_are_complete(function, &configuration));
                found.insert(function.name(), configuration);
            }
            Err(error) => checks.push(Check::error("function", &format!("{name}: {error}"))),
        }
    }
    checks.push(all_alike(&found));
    checks.extend(mappings(place, stack).await);
    checks
}

fn variables(configuration: &Value) -> BTreeMap<&str, &str> {
    let variables = configuration["Environment"]["Variables"].as_object();
    variables
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect()
}

fn settings_are_complete(function: Function, configuration: &Value) -> Option<Check> {
    let variables = variables(configuration);
    let missing: Vec<&str> = settings::variables(function)
        .required
        .into_iter()
        .filter(|name| !variables.contains_key(name))
        .collect();
    if !missing.is_empty() {
        let found = format!("{} lacks {}", function.name(), missing.join(", "));
        return Some(Check::wrong(
            "function",
            found,
            "Deploy again: without them it ends while it starts, and says so in its log.",
        ));
    }
    let state = configuration["State"].as_str().unwrap_or("unknown");
    if !matches!(state, "Active" | "Inactive" | "unknown") {
        let why = configuration["StateReason"].as_str().unwrap_or("no reason is given");
        return Some(Check::wrong(
            "function",
            format!("{} is {state}: {why}", function.name()),
            "Wait, if it is Pending; else deploy again.",
        ));
    }
    None
}

/// One processor, and the same value of each variable that several have.
fn all_alike(found: &BTreeMap<&'static str, Value>) -> Check {
    const WHAT: &str = "functions";
    let processors: BTreeSet<String> = found.values().map(|one| one["Architectures"].to_string()).collect();
    if processors.len() > 1 {
        let found = format!("they are for different processors: {processors:?}");
        return Check::wrong(
            WHAT,
            found,
            "Deploy again with one ARCH: a program of another processor cannot start.",
        );
    }
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in found.values().flat_map(variables) {
        values.entry(name).or_default().insert(value);
    }
    let differ: Vec<&str> = values
        .iter()
        .filter(|(_, values)| values.len() > 1)
        .map(|(name, _)| *name)
        .collect();
    if differ.is_empty() {
        return Check::right(
            WHAT,
            format!(
                "{} are there, for one processor, with settings that are complete and agree",
                found.len()
            ),
        );
    }
    Check::wrong(
        WHAT,
        format!("they disagree about {}", differ.join(", ")),
        "Deploy again: all of them have to use the same tables and address.",
    )
}

/// The kinds of sources that a function has to read, and that it has no mapping for: their records wait until they are too old.
fn unread(function: Function, name: &str, listed: &[Value]) -> Vec<Check> {
    let sources: &[(&str, &str)] = match function {
        Function::Notify => &[(":sqs:", "the queue"), (":dynamodb:", "the stream of the outbox")],
        _ => &[(":dynamodb:", "the stream of the table chatters")],
    };
    let has = |service: &str| {
        let mut arns = listed.iter().filter_map(|mapping| mapping["EventSourceArn"].as_str());
        arns.any(|arn| arn.contains(service))
    };
    let missing = sources.iter().filter(|(service, _)| !has(service));
    let check = |(_, source): &(&str, &str)| {
        Check::wrong(
            "event source",
            format!("nobody reads {source}: {name} has no event source mapping for it"),
            "Deploy again: what is in it waits, and is lost when it is too old (a day in a stream, four days in a queue).",
        )
    };
    missing.map(check).collect()
}

/// What reads the outbox, the queue and the table of chatter IDs.
async fn mappings(place: &Place, stack: &str) -> Vec<Check> {
    let mut checks = Vec::new();
    for function in [Function::Notify, Function::Revoke] {
        let name = format!("{stack}-{}", function.name());
        let listed = match place.api.event_sources(&name).await {
            Ok(listed) => listed,
            Err(error) => {
                checks.push(Check::error("event source", &error.to_string()));
                continue;
            }
        };
        checks.extend(unread(function, &name, &listed));
        for mapping in &listed {
            let (state, source) = (
                mapping["State"].as_str().unwrap_or("unknown"),
                mapping["EventSourceArn"].as_str().unwrap_or("?"),
            );
            checks.push(match state {
                "Enabled" | "Enabling" | "Updating" | "Creating" => {
                    Check::right("event source", format!("{source} is read by {name}"))
                }
                _ => Check::wrong(
                    "event source",
                    format!("{source} is not read by {name}: its mapping is {state}"),
                    format!(
                        "aws lambda update-event-source-mapping --enabled --uuid {}",
                        mapping["UUID"].as_str().unwrap_or("UUID")
                    ),
                ),
            });
        }
    }
    checks
}
