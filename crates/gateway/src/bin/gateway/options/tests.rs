//! What flags make, and how wrong ones are told.

use super::*;
use chatterbox_gateway::Throttle;

fn config(flags: &[&str]) -> Result<Config, String> {
    let options = Options::try_parse_from([&["gateway"], flags].concat()).map_err(|error| error.to_string())?;
    // A test's function need not exist.
    options.unchecked().map(|setup| setup.config)
}

#[test]
fn flags_make_a_configuration() {
    let flags = [
        "--function",
        "echo=node a.mjs",
        "--route",
        "$default=echo",
        "--two-way",
        "$default",
    ];
    let more = [
        "--mock",
        "ping={\"a\":\"=\"}",
        "--env",
        "A=b=c",
        "--idle-timeout",
        "0.5",
    ];
    let rates = [
        "--connects-per-second",
        "none",
        "--requests-per-second",
        "0",
        "--retry-delays",
        "1,2,3",
    ];
    let faults = ["--faults", r#"{"postsLost":0.5}"#, "--throttle", "ping=20,5"];
    let selection = ["--route-selection", "${request.body.action}-message"];
    let config = config(&[&flags[..], &more, &rates, &faults, &selection].concat()).unwrap();
    assert_eq!(config.route_selection, selection[1].parse().unwrap());
    assert_eq!(config.faults.map(|faults| faults.posts_lost), Some(0.5));
    assert_eq!(config.routes["$default"], Route::two_way("echo"));
    assert_eq!(
        config.routes["ping"],
        Route::mock("{\"a\":\"=\"}").throttled(Throttle { rate: 20, burst: 5 })
    );
    assert_eq!(config.functions["echo"].arguments, ["a.mjs"]);
    assert_eq!(config.functions["echo"].environment["A"], "b=c");
    assert_eq!(config.limits.idle, Duration::from_millis(500));
    assert_eq!(
        (config.limits.connects_per_second, config.limits.requests_per_second),
        (None, Some(0))
    );
    assert_eq!(config.limits.async_retry_delays, [1, 2, 3].map(Duration::from_secs));
}

#[test]
fn without_flags_the_limits_are_those_of_aws() {
    assert_eq!(config(&[]).unwrap(), Config::default());
}

#[test]
fn a_wrong_flag_is_named() {
    for (flags, named) in [
        (["--function", "echo"], "--function <NAME=COMMAND>"),
        (["--function", "echo= "], "function `echo` has no command"),
        (["--two-way", "$default"], "--route $default="),
        (
            ["--throttle", "ping=5,5"],
            "--throttle ping=…: there is neither a --route nor a --mock",
        ),
        (["--throttle", "ping=5"], "two whole numbers, RATE,BURST"),
        (["--route-selection", "$action"], "a variable is $request.body.NAME"),
        (["--idle-timeout=-1", "--verbose"], "--idle-timeout"),
        (["--idle-timeout=x", "--verbose"], "--idle-timeout"),
        (["--connects-per-second", "many"], "--connects-per-second"),
        (["--faults", r#"{"postLost":1}"#], "unknown field `postLost`"),
        (["--faults", r#"{"postsLost":2}"#], "postsLost: has to be a share"),
        (["--folder", "f=/tmp"], "--folder f=…: there is no --function f=…"),
        (
            ["--allow-host", "https://box.example"],
            "a name without scheme and port",
        ),
        (["--allow-host", "box.example:80"], "a name without scheme and port"),
        (["--allow-host", "*"], "--allow-host <NAME>"),
        (["--allow-host", "*.example"], "it is no pattern"),
    ] {
        let error = config(&flags).unwrap_err();
        assert!(error.contains(named), "{error}");
    }
}

/// Otherwise the last one would silently win.
#[test]
fn a_name_that_is_given_twice_is_refused_and_named() {
    for (flags, named) in [
        (
            &["--function", "f=node a", "--function", "f=node b"][..],
            "--function f=…: it is given twice",
        ),
        (
            &["--function", "f=node a", "--function", "f=node a"],
            "--function f=…: it is given twice",
        ),
        (
            &["--route", "$connect=f", "--route", "$connect=g"],
            "--route $connect=…: it is given twice",
        ),
        (
            &["--mock", "ping=a", "--mock", "ping=b"],
            "--mock ping=…: it is given twice",
        ),
        (
            &["--route", "ping=f", "--mock", "ping=b"],
            "--mock ping=…: there is a --route ping=… too",
        ),
        (
            &["--throttle", "p=1,1", "--throttle", "p=2,2"],
            "--throttle p=…: it is given twice",
        ),
        (&["--env", "A=1", "--env", "A=2"], "--env A=…: it is given twice"),
        (
            &["--function", "f=node", "--folder", "f=/a", "--folder", "f=/b"],
            "--folder f=…: it is given twice",
        ),
        (&["--stage", "a", "--stage", "b"], "--stage"),
        (&["--port", "1", "--port", "2"], "--port"),
    ] {
        let error = config(flags).unwrap_err();
        assert!(error.contains(named), "{error}");
    }
    let flags = [
        "--function",
        "f=node",
        "--function",
        "g=node",
        "--env",
        "A=1",
        "--env",
        "a=1",
    ];
    assert_eq!(config(&flags).unwrap().functions.len(), 2);
}

#[test]
fn a_folder_is_for_one_function_only() {
    let config = config(&["--function", "f=node", "--function", "g=node", "--folder", "g=a=b"]).unwrap();
    assert_eq!(config.functions["f"].folder, None);
    assert_eq!(config.functions["g"].folder, Some("a=b".into()));
}

#[test]
fn a_folder_beside_a_handler_is_refused_and_says_where_the_folder_of_a_handler_stands() {
    let error = config(&["--handler", "chat=src/app.handler", "--folder", "chat=other"]).unwrap_err();
    assert!(error.ends_with("as in --handler chat=FOLDER/app.handler"), "{error}");
}
