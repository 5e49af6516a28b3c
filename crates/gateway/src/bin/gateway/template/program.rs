//! Where the program of a template's function is on this machine.

use std::path::{Path, PathBuf};

use chatterbox_gateway::Function;

use super::document::{Document, Resource};
use crate::handler;

/// A function with its program, without its settings.
///
/// # Errors
/// There is no program, or its runtime is not installed.
pub(super) fn find(
    document: &Document,
    resource: &Resource<'_>,
    folder: &Path,
    programs: Option<&Path>,
) -> Result<Function, String> {
    let candidates = programs.into_iter().flat_map(|programs| {
        let names = names(document, resource);
        names.into_iter().map(|name| programs.join(name)).collect::<Vec<_>>()
    });
    let candidates: Vec<PathBuf> = candidates.chain(asset(document, resource, folder)).collect();
    let found = candidates.iter().find(|candidate| candidate.exists());
    let found = found.ok_or_else(|| {
        let looked: Vec<String> = candidates
            .iter()
            .map(|candidate| candidate.display().to_string())
            .collect();
        format!(
            "function `{}`: its program is not found; --function-dir names the folder where it is. Looked for {}",
            resource.id,
            looked.join(", ")
        )
    })?;
    program(document, resource, found).map_err(|error| format!("function `{}`: {error}", resource.id))
}

/// The names by which a folder of programs may have it: its own, its logical id, and those of its constructs in CDK, from the inside
/// to the outside.
fn names(document: &Document, resource: &Resource<'_>) -> Vec<String> {
    let given = document.text(resource.property(&["FunctionName"]));
    let path = resource.metadata("aws:cdk:path").unwrap_or_default();
    let constructs = path
        .rsplit('/')
        .filter(|name| !["", "Resource", "Function"].contains(name));
    let constructs = constructs.map(str::to_owned);
    given
        .into_iter()
        .chain([resource.id.to_owned()])
        .chain(constructs)
        .collect()
}

/// Where its code is: where CDK has copied it, or where the template says, as `aws cloudformation package` and SAM read it.
fn asset(document: &Document, resource: &Resource<'_>, folder: &Path) -> Option<PathBuf> {
    let properties = [
        resource.property(&["CodeUri"]),
        resource.property(&["Code"]),
        document.of_all_functions("CodeUri"),
    ];
    let said = properties.into_iter().find_map(|value| value.as_str());
    Some(folder.join(resource.metadata("aws:asset:path").or(said)?))
}

fn program(document: &Document, resource: &Resource<'_>, found: &Path) -> Result<Function, String> {
    let property = |name: &str| {
        let own = document.text(resource.property(&[name]));
        own.or_else(|| document.text(document.of_all_functions(name)))
    };
    let runtime = property("Runtime").ok_or("it has no Runtime: container images are not run")?;
    if found.is_file() {
        return Ok(Function::new(found));
    }
    if runtime.starts_with("provided") {
        return Ok(Function::new(found.join("bootstrap")));
    }
    if runtime.starts_with("nodejs") || runtime.starts_with("python") {
        return handler::function(found, &property("Handler").ok_or("it has no Handler")?);
    }
    Err(format!(
        "the runtime {runtime} is not known here, but provided, nodejs and python are"
    ))
}
