//! The functions of a deployed stack: there, ready, for one processor, with complete settings that agree.

use super::Check;
use crate::place::Place;
use aws_sdk_lambda::{
    error::DisplayErrorContext, operation::get_function_configuration::GetFunctionConfigurationOutput as Configuration,
};
use chatterbox_core::{Function, settings};
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
        match place
            .lambda()
            .get_function_configuration()
            .function_name(&name)
            .send()
            .await
        {
            Ok(configuration) => {
                checks.extend(settings_are_complete(function, &configuration));
                found.insert(function.name(), configuration);
            }
            Err(error) => checks.push(Check::error(
                "function",
                &format!("{name}: {}", DisplayErrorContext(error)),
            )),
        }
    }
    checks.push(all_alike(&found));
    checks.extend(mappings(place, stack).await);
    checks
}

fn variables(configuration: &Configuration) -> BTreeMap<&str, &str> {
    let variables = configuration
        .environment()
        .and_then(|environment| environment.variables());
    variables
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn settings_are_complete(function: Function, configuration: &Configuration) -> Option<Check> {
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
    let state = configuration.state().map_or("unknown", |state| state.as_str());
    if !matches!(state, "Active" | "Inactive" | "unknown") {
        let why = configuration.state_reason().unwrap_or("no reason is given");
        return Some(Check::wrong(
            "function",
            format!("{} is {state}: {why}", function.name()),
            "Wait, if it is Pending; else deploy again.",
        ));
    }
    None
}

/// One processor, and the same value of each variable that several have.
fn all_alike(found: &BTreeMap<&'static str, Configuration>) -> Check {
    const WHAT: &str = "functions";
    let processors: BTreeSet<String> = found.values().map(|one| format!("{:?}", one.architectures())).collect();
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

/// What reads the outbox, the queue and the table of chatter IDs.
async fn mappings(place: &Place, stack: &str) -> Vec<Check> {
    let mut checks = Vec::new();
    for function in [Function::Notify, Function::Revoke] {
        let name = format!("{stack}-{}", function.name());
        let listed = match place
            .lambda()
            .list_event_source_mappings()
            .function_name(&name)
            .send()
            .await
        {
            Ok(answer) => answer.event_source_mappings.unwrap_or_default(),
            Err(error) => {
                checks.push(Check::error("event source", &DisplayErrorContext(error).to_string()));
                continue;
            }
        };
        if listed.is_empty() {
            checks.push(Check::wrong(
                "event source",
                format!("nothing brings records to {name}"),
                "Deploy again: its queue, or its table's stream, has no mapping.",
            ));
        }
        for mapping in &listed {
            let (state, source) = (
                mapping.state().unwrap_or("unknown"),
                mapping.event_source_arn().unwrap_or("?"),
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
                        mapping.uuid().unwrap_or("UUID")
                    ),
                ),
            });
        }
    }
    checks
}
