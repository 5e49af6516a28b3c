use super::*;
use crate::metrics::Observability;
use std::collections::BTreeMap;

const TABLES: [(&str, &str); 3] = [
    ("CHATTERS_TABLE", "c"),
    ("CONNECTIONS_TABLE", "n"),
    ("UPDATES_TABLE", "u"),
];

fn lookup(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> + use<> {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    move |name| variables.get(name).cloned()
}

fn connect(variables: &[(&str, &str)]) -> Result<ConnectSettings, String> {
    let variables = lookup(&[&TABLES[..], variables].concat());
    ConnectSettings::find_in(&variables).map_err(|error| error.to_string())
}

fn notify(variables: &[(&str, &str)]) -> Result<NotifySettings, String> {
    let callback_url = [(CALLBACK_URL, "https://a.example/live")];
    let variables = lookup(&[&TABLES[..], &callback_url, variables].concat());
    NotifySettings::find_in(&variables).map_err(|error| error.to_string())
}

fn backend(variables: &[(&str, &str)]) -> Result<BackendSettings, String> {
    let callback_url = [(CALLBACK_URL, "https://a.example/live")];
    let variables = lookup(&[&TABLES[..], &callback_url, variables].concat());
    BackendSettings::find_in(&variables).map_err(|error| error.to_string())
}

#[test]
fn the_tables_and_the_callback_url_are_enough() {
    let settings = connect(&[]).unwrap();
    assert_eq!(settings.policy.login_parameter, "login");
    assert_eq!((settings.policy.cookies, settings.policy.origins), (None, None));
    assert_eq!(settings.max_connections_per_login, 20);
    let settings = notify(&[("ALLOWED_ORIGINS", ""), ("DEFER_QUEUE_URL", "")]).unwrap();
    assert_eq!(
        (settings.max_connections_per_login, settings.defer_queue_url),
        (20, None)
    );
    assert_eq!(backend(&[]).unwrap().chatter_life, Duration::from_secs(30 * 24 * 3600));
}

#[test]
fn an_origin_secret_that_cannot_be_one_is_refused_and_not_quoted() {
    let secrets =
        |value: &str| connect(&[("ORIGIN_SECRET", value)]).map(|settings| settings.policy.origin_secrets.len());
    let (one, other) = ("k4Tq0WcVb71mZs9LxR2dYh83", "0aB1cD2eF3gH4iJ5kL6mN7oP");
    assert_eq!(secrets(""), Ok(0));
    assert_eq!(secrets(one), Ok(1));
    assert_eq!(secrets(&format!("{one},{other}")), Ok(2));
    for wrong in [
        "short",
        &format!("{one}, {other}"),
        &format!("{one},"),
        &format!("{one},{other},{one}"),
    ] {
        let error = secrets(wrong).unwrap_err();
        assert!(
            error.contains("ORIGIN_SECRET must be") && !error.contains(one),
            "{error}"
        );
    }
    assert!(!format!("{:?}", connect(&[("ORIGIN_SECRET", one)])).contains(one));
}

#[test]
fn a_function_asks_for_no_variable_that_it_does_not_need() {
    let only_connections = lookup(&[("CONNECTIONS_TABLE", "n"), ("LOGIN_COOKIE", "without the other")]);
    assert!(DisconnectSettings::find_in(&only_connections).is_ok());
    for (function, tables) in [
        (Function::Connect, &["CHATTERS_TABLE", "CONNECTIONS_TABLE"][..]),
        (Function::Disconnect, &["CONNECTIONS_TABLE"]),
        (Function::Default, &["CONNECTIONS_TABLE", "UPDATES_TABLE"]),
        (Function::Notify, &[CALLBACK_URL, "CONNECTIONS_TABLE", "UPDATES_TABLE"]),
        (Function::Revoke, &[CALLBACK_URL, "CHATTERS_TABLE", "CONNECTIONS_TABLE"]),
    ] {
        let Variables { required, optional } = variables(function);
        assert_eq!(required.into_iter().collect::<Vec<_>>(), tables, "{function:?}");
        assert_eq!(optional.contains("ALLOWED_ORIGINS"), function == Function::Connect);
    }
}

#[test]
fn syncs_ask_for_their_chatter_id_only_if_that_is_wanted() {
    for (check, table) in [("", None), ("false", None), ("true", Some("c"))] {
        let variables = lookup(&[&TABLES[..], &[("CHECK_CHATTER_ON_SYNC", check)]].concat());
        let settings = DefaultSettings::find_in(&variables).unwrap();
        assert_eq!(settings.chatters_table.as_deref(), table, "{check:?}");
    }
}

#[test]
fn cloudwatch_is_told_what_costs_nothing_unless_more_or_less_is_wanted() {
    for (word, expected) in [
        ("", Observability::Free),
        ("free", Observability::Free),
        ("full", Observability::Full),
        ("none", Observability::None),
    ] {
        let settings = connect(&[
            ("OBSERVABILITY", word),
            ("METRICS_NAMESPACE", "My site/Chatter-1_a.b:c#d"),
        ])
        .unwrap();
        let expected = MetricsSettings {
            namespace: "My site/Chatter-1_a.b:c#d".to_owned(),
            observability: expected,
        };
        assert_eq!(
            (settings.metrics, settings.flood_handshakes),
            (expected, 37_500),
            "{word:?}"
        );
    }
}

#[test]
fn a_service_is_where_its_own_variable_says_or_else_the_one_for_all() {
    let all = ("AWS_ENDPOINT_URL", "http://all");
    let endpoints = connect(&[all, ("AWS_ENDPOINT_URL_SQS", "http://sqs")])
        .unwrap()
        .endpoints;
    assert_eq!(endpoints.dynamodb.as_deref(), Some("http://all"));
    assert_eq!(endpoints.sqs.as_deref(), Some("http://sqs"));
    assert_eq!(connect(&[]).unwrap().endpoints, Endpoints::default());
}

#[test]
fn a_site_keeps_its_own_names() {
    let policy = connect(&[
        ("LOGIN_PARAMETER", "geek"),
        ("CHATTER_PARAMETER", "id"),
        ("TOPIC_PARAMETER", "thème[]"),
        ("LOGIN_COOKIE", "__Host-user.1!#$%&'*+^`|~"),
        ("CHATTER_COOKIE", "socks"),
        (
            "ALLOWED_ORIGINS",
            "https://www.example.com, http://localhost:8080,capacitor://localhost",
        ),
    ])
    .unwrap()
    .policy;
    assert_eq!(
        (policy.login_parameter.as_str(), policy.chatter_parameter.as_str()),
        ("geek", "id")
    );
    assert_eq!(policy.cookies.unwrap().chatter, "socks");
    assert_eq!(
        policy.origins.unwrap(),
        [
            "https://www.example.com",
            "http://localhost:8080",
            "capacitor://localhost"
        ]
    );
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let variables = lookup(&[("CHATTERS_TABLE", ""), ("CHATTER_TTL_SECONDS", "soon")]);
    let error = BackendSettings::find_in(&variables).unwrap_err().to_string();
    for name in [
        "CHATTERS_TABLE is missing",
        "CONNECTIONS_TABLE is missing",
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI is missing",
        "CHATTER_TTL_SECONDS",
    ] {
        assert!(error.contains(name), "{error}");
    }
    assert!(!error.contains("UPDATES_TABLE"));
}

#[test]
fn a_wrong_setting_is_refused() {
    let origin = ("ALLOWED_ORIGINS", "https://www.example.com");
    for (variables, problem) in [
        (
            &[("LOGIN_COOKIE", "u"), ("CHATTER_COOKIE", "c")][..],
            "ALLOWED_ORIGINS must be set",
        ),
        (&[("LOGIN_COOKIE", "u"), origin], "CHATTER_COOKIE"),
        (
            &[("LOGIN_COOKIE", "u"), ("CHATTER_COOKIE", "u"), origin],
            "CHATTER_COOKIE",
        ),
        (&[("LOGIN_PARAMETER", "chatter")], "must differ"),
        (&[("LOGIN_PARAMETER", "topic")], "must differ"),
        (&[("CHATTER_PARAMETER", "topic")], "must differ"),
        (&[("ALLOWED_ORIGINS", "www.example.com")], "ALLOWED_ORIGINS"),
        (&[("ALLOWED_ORIGINS", "https://www.example.com/")], "ALLOWED_ORIGINS"),
        (&[("ALLOWED_ORIGINS", "*")], "ALLOWED_ORIGINS"),
        (
            &[("ALLOWED_ORIGINS", "https://a.example,capacitor://localhost/")],
            "ALLOWED_ORIGINS: \"capacitor://localhost/\"",
        ),
        (&[("ALLOWED_ORIGINS", "https://a.example,,")], "ALLOWED_ORIGINS: \"\""),
        (
            &[("AWS_ENDPOINT_URL_DYNAMODB", "localhost")],
            "AWS_ENDPOINT_URL_DYNAMODB",
        ),
        (&[("AWS_ENDPOINT_URL", "localhost")], "AWS_ENDPOINT_URL must"),
        (&[("AWS_CA_BUNDLE", "/nowhere.pem")], "AWS_CA_BUNDLE"),
        (
            &[("OBSERVABILITY", "cheap")],
            "OBSERVABILITY must be free, full or none",
        ),
        (&[("FLOOD_HANDSHAKES", "0")], "FLOOD_HANDSHAKES"),
        (&[("METRICS_NAMESPACE", "  ")], "METRICS_NAMESPACE must"),
        (&[("METRICS_NAMESPACE", "Chatterbox ")], "METRICS_NAMESPACE must"),
        (&[("METRICS_NAMESPACE", ":Chatterbox")], "METRICS_NAMESPACE must"),
        (
            &[("METRICS_NAMESPACE", "Plaudertasche für alle")],
            "METRICS_NAMESPACE must",
        ),
        (&[("CHATTERS_TABLE", " ")], "CHATTERS_TABLE is missing"),
        (
            &[("LOGIN_COOKIE", " "), ("CHATTER_COOKIE", "c"), origin],
            "LOGIN_COOKIE must",
        ),
        (
            &[("LOGIN_COOKIE", "u"), ("CHATTER_COOKIE", "\t "), origin],
            "CHATTER_COOKIE must",
        ),
        (
            &[("LOGIN_COOKIE", "u"), ("CHATTER_COOKIE", "c;d"), origin],
            "CHATTER_COOKIE must",
        ),
        (
            &[("LOGIN_COOKIE", "u"), ("CHATTER_COOKIE", "c="), origin],
            "CHATTER_COOKIE must",
        ),
        (
            &[("LOGIN_COOKIE", "u"), ("CHATTER_COOKIE", "é"), origin],
            "CHATTER_COOKIE must",
        ),
        (&[("LOGIN_PARAMETER", " ")], "LOGIN_PARAMETER must"),
        (&[("CHATTER_PARAMETER", "chatter ")], "CHATTER_PARAMETER must"),
        (&[("TOPIC_PARAMETER", "to\npic")], "TOPIC_PARAMETER must"),
    ] {
        assert!(connect(variables).unwrap_err().contains(problem), "{variables:?}");
    }
    for (variable, value, problem) in [
        ("MAX_CONNECTIONS_PER_LOGIN", "0", "MAX_CONNECTIONS_PER_LOGIN"),
        ("DEFER_QUEUE_URL", "my-queue", "DEFER_QUEUE_URL"),
        (CALLBACK_URL, "socks.example.com", CALLBACK_URL),
        (CALLBACK_URL, "", "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI is missing"),
    ] {
        assert!(
            notify(&[(variable, value)]).unwrap_err().contains(problem),
            "{variable}"
        );
    }
    for (check, problem) in [
        ("yes", "CHECK_CHATTER_ON_SYNC must be true or false"),
        ("true", "CHATTERS_TABLE must be set where CHECK_CHATTER_ON_SYNC is true"),
    ] {
        let without_chatters = [TABLES[1], TABLES[2], ("CHECK_CHATTER_ON_SYNC", check)];
        let error = DefaultSettings::find_in(&lookup(&without_chatters))
            .unwrap_err()
            .to_string();
        assert!(error.contains(problem), "{error}");
    }
    assert!(backend(&[("CHATTER_TTL_SECONDS", "315360000")]).is_ok());
    let too_long = backend(&[("CHATTER_TTL_SECONDS", "315360001")]).unwrap_err();
    assert!(too_long.contains("CHATTER_TTL_SECONDS must be at most"), "{too_long}");
}
