//! Handlers: functions in a file, which a runtime calls with each event.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chatterbox_gateway::Function;

/// Runs a handler for Node where AWS's own client of the Runtime API, `aws-lambda-ric`, is not installed.
const NODE: &str = include_str!("handler/node.mjs");

/// How a handler is run.
struct Runtime {
    command: PathBuf,
    arguments: Vec<String>,
}

/// A function that is a handler in a file of this folder, in which it runs.
///
/// # Errors
/// As [`runtime`].
pub(crate) fn function(folder: &Path, handler: &str) -> Result<Function, String> {
    let folder = &std::path::absolute(folder).map_err(|error| error.to_string())?;
    let Runtime { command, arguments } = runtime(folder, handler)?;
    Ok(Function {
        arguments,
        folder: Some(folder.to_owned()),
        environment: [("_HANDLER".to_owned(), handler.to_owned())].into(),
        ..Function::new(command)
    })
}

/// The runtime of a handler such as `app.handler`, which is the function `handler` in `app.mjs`, `app.js`, `app.cjs` or
/// `app.py` in this folder. Nothing that the folder does not have is installed.
///
/// # Errors
/// There is no such file, or its language's runtime is not installed.
fn runtime(folder: &Path, handler: &str) -> Result<Runtime, String> {
    let (parent, name) = match handler.rsplit_once('/') {
        Some((parent, name)) => (folder.join(parent), name),
        None => (folder.to_owned(), handler),
    };
    let Some((file, _)) = name
        .split_once('.')
        .filter(|(file, name)| !file.is_empty() && !name.is_empty())
    else {
        return Err(format!(
            "handler `{handler}`: it has to be a file and a function, such as app.handler"
        ));
    };
    let has = |ending: &str| parent.join(format!("{file}.{ending}")).is_file();
    if ["mjs", "js", "cjs"].into_iter().any(has) {
        return Ok(node(folder, handler));
    }
    if has("py") {
        return python(folder, handler);
    }
    let path = parent.join(file);
    Err(format!(
        "handler `{handler}`: there is no {0}.mjs, {0}.js, {0}.cjs or {0}.py",
        path.display()
    ))
}

/// AWS's client if a `node_modules` has it, else one of our own.
fn node(folder: &Path, handler: &str) -> Runtime {
    let mut clients = folder
        .ancestors()
        .map(|folder| folder.join("node_modules/.bin/aws-lambda-ric"));
    match clients.find(|client| client.is_file()) {
        Some(command) => Runtime {
            command,
            arguments: vec![handler.to_owned()],
        },
        None => Runtime {
            command: "node".into(),
            arguments: ["--input-type=module", "--eval", NODE, "--", handler]
                .map(str::to_owned)
                .into(),
        },
    }
}

/// AWS's client `awslambdaric`, in a virtual environment beside the handler or above it, or in the system's Python.
fn python(folder: &Path, handler: &str) -> Result<Runtime, String> {
    let mut environments = folder
        .ancestors()
        .flat_map(|folder| [".venv/bin/python", "venv/bin/python"].map(|name| folder.join(name)));
    let interpreter = environments.find(|python| python.is_file());
    let command = interpreter.unwrap_or_else(|| "python3".into());
    let mut import = Command::new(&command);
    import.args(["-c", "import awslambdaric"]).stdin(Stdio::null());
    let imported = import.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !imported.is_ok_and(|status| status.success()) {
        return Err(format!(
            "handler `{handler}`: {0} has no awslambdaric. Install it: {0} -m pip install awslambdaric",
            command.display()
        ));
    }
    let arguments = ["-m", "awslambdaric", handler].map(str::to_owned).into();
    Ok(Runtime { command, arguments })
}
