//! The command that starts a process: its program, its folder, its environment.

use std::process::Stdio;

use tokio::process::Command;

use super::context::HostContext;
use crate::config;

/// The command as Lambda would run it. Its environment has what Lambda and the configuration put there, and nothing
/// else.
pub(super) fn command(context: &HostContext, runtime_api: &str) -> std::io::Result<Command> {
    let function = &context.function;
    let folder = function.working_folder()?;
    let mut command = Command::new(function.program()?);
    command
        .args(&function.arguments)
        .current_dir(&folder)
        .env_clear()
        .env("PATH", config::path_variable())
        .env("LANG", "en_US.UTF-8")
        .env("TZ", ":UTC")
        .env("LAMBDA_TASK_ROOT", &folder)
        .env("_HANDLER", "bootstrap")
        .env("AWS_REGION", &context.region)
        .env("AWS_DEFAULT_REGION", &context.region)
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_SESSION_TOKEN", "local")
        .env("AWS_LAMBDA_FUNCTION_NAME", &*context.name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string())
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", context.name))
        .env(
            "AWS_LAMBDA_LOG_STREAM_NAME",
            format!("local/[$LATEST]{:032x}", fastrand::u128(..)),
        )
        .envs(context.endpoint.iter().cloned())
        .envs(&function.environment)
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // In a process group of its own, so that Ctrl-C in the terminal reaches the host alone, which then ends the
        // processes in good order.
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}
