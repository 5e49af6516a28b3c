//! A configuration that cannot work is refused before anything is started.

use std::collections::BTreeSet;

use chatterbox_gateway::{Config, ConfigError, Function, Gateway, Route};

use crate::world::*;

#[tokio::test]
async fn an_error_in_the_configuration_is_named_at_the_start() {
    let with = async |change: &dyn Fn(&mut Config)| {
        let mut config = Config::default();
        config.functions.insert("f".into(), function());
        change(&mut config);
        Gateway::start(config).await.unwrap_err()
    };
    let command = |command: &str| {
        let command = command.to_owned();
        move |config: &mut Config| {
            config.functions.insert("f".into(), Function::new(&command));
        }
    };
    let cases: BTreeSet<(String, &str)> = BTreeSet::from([
        (
            with(&command("/nowhere/bootstrap")).await.to_string(),
            "there is no command `/nowhere/bootstrap`",
        ),
        (
            with(&command("no-such-program")).await.to_string(),
            "there is no command `no-such-program`",
        ),
        (with(&command(BOOTSTRAP)).await.to_string(), "is not an executable file"),
        (
            with(&|config| change(config, |function| function.folder = Some("/nowhere".into())))
                .await
                .to_string(),
            "function `f`: `/nowhere` is not a folder",
        ),
        (
            with(&|config| change(config, |function| function.folder = Some(BOOTSTRAP.into())))
                .await
                .to_string(),
            "bootstrap.mjs` is not a folder",
        ),
        (
            with(&|config| config.stage = "a/b".into()).await.to_string(),
            "stage `a/b`",
        ),
        (
            with(&|config| config.api_id = "local".into()).await.to_string(),
            "api id `local`",
        ),
        (
            with(&|config| config.api_id = "LOCAL00000".into()).await.to_string(),
            "api id `LOCAL00000`",
        ),
        (
            with(&|config| drop(config.functions.insert("a b".into(), function())))
                .await
                .to_string(),
            "function `a b`",
        ),
        (
            with(&|config| change(config, |function| function.max_processes = 0))
                .await
                .to_string(),
            "max_processes",
        ),
        (
            with(&|config| drop(config.routes.insert("$other".into(), Route::mock(""))))
                .await
                .to_string(),
            "route `$other`",
        ),
    ]);
    for (error, named) in cases {
        assert!(error.contains(named), "{error}");
    }
    let error = with(&|config| drop(config.routes.insert("a".into(), Route::lambda("g")))).await;
    assert_eq!(
        error,
        ConfigError::UnknownFunction {
            route: "a".into(),
            function: "g".into()
        }
    );
}
