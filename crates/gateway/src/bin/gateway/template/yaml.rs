//! Templates in YAML, as people write those of SAM: the same as JSON, with short forms of CloudFormation's functions as tags.

use serde_json::{Map, Value, json};
use serde_norway::Value as Yaml;

/// Reads a template in YAML as it would be in JSON: `!Ref Api` as `{"Ref": "Api"}`, `!GetAtt A.Arn` as `{"Fn::GetAtt": ["A", "Arn"]}`,
/// and any other `!Name` as `{"Fn::Name": …}`.
///
/// # Errors
/// It is no YAML, or has keys that are no text.
pub(super) fn parse(content: &str) -> Result<Value, String> {
    let mut yaml: Yaml = serde_norway::from_str(content).map_err(|error| error.to_string())?;
    yaml.apply_merge().map_err(|error| error.to_string())?;
    json_of(yaml)
}

fn json_of(yaml: Yaml) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(truth) => truth.into(),
        Yaml::Number(number) => number_of(&number),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(items) => items.into_iter().map(json_of).collect::<Result<_, _>>()?,
        Yaml::Mapping(members) => {
            let member = |(key, value)| Ok::<_, String>((key_of(key)?, json_of(value)?));
            Value::Object(members.into_iter().map(member).collect::<Result<Map<_, _>, _>>()?)
        }
        Yaml::Tagged(tagged) => long_form(&tagged.tag.to_string(), json_of(tagged.value)?),
    })
}

fn number_of(number: &serde_norway::Number) -> Value {
    let whole = number.as_u64().map(Value::from).or(number.as_i64().map(Value::from));
    whole.unwrap_or_else(|| json!(number.as_f64()))
}

/// A key: text, or what YAML takes for a number or a truth where the template means text, such as `200:`.
fn key_of(key: Yaml) -> Result<String, String> {
    match key {
        Yaml::String(text) => Ok(text),
        Yaml::Number(number) => Ok(number.to_string()),
        Yaml::Bool(truth) => Ok(truth.to_string()),
        other => Err(format!("a key that is no text: {other:?}")),
    }
}

/// A function of CloudFormation in its long form.
fn long_form(tag: &str, argument: Value) -> Value {
    let name = tag.trim_start_matches('!');
    match (name, &argument) {
        ("Ref" | "Condition", _) => json!({ name: argument }),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((path, ""));
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        _ => json!({ format!("Fn::{name}"): argument }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_read_as_the_long_ones() {
        for (yaml, expected) in [
            ("!Ref Api", json!({ "Ref": "Api" })),
            ("!GetAtt Chat.Arn", json!({ "Fn::GetAtt": ["Chat", "Arn"] })),
            ("!GetAtt [Chat, Arn]", json!({ "Fn::GetAtt": ["Chat", "Arn"] })),
            ("!Sub integrations/${One}", json!({ "Fn::Sub": "integrations/${One}" })),
            (
                "!Join ['/', [integrations, !Ref One]]",
                json!({ "Fn::Join": ["/", ["integrations", { "Ref": "One" }]] }),
            ),
            ("Fn::Sub: \"${A}\"", json!({ "Fn::Sub": "${A}" })),
            ("!If [Live, 1, 2]", json!({ "Fn::If": ["Live", 1, 2] })),
        ] {
            assert_eq!(parse(yaml).unwrap(), expected, "{yaml}");
        }
    }

    #[test]
    fn values_are_what_json_would_have() {
        let yaml = "
Version: 2012-10-17
base: &base { Timeout: 3, Rate: 0.5, On: true, Off: ~ }
merged: { <<: *base, Timeout: 5 }
ResponseTemplates: { 200: '{\"type\":\"pong\"}' }
";
        let base = json!({ "Timeout": 3, "Rate": 0.5, "On": true, "Off": null });
        let expected = json!({
            "Version": "2012-10-17",
            "base": base,
            "merged": { "Timeout": 5, "Rate": 0.5, "On": true, "Off": null },
            "ResponseTemplates": { "200": "{\"type\":\"pong\"}" },
        });
        assert_eq!(parse(yaml).unwrap(), expected);
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_line() {
        let told = parse("a: 1\nb: [").unwrap_err();
        assert!(told.contains("line "), "{told}");
        assert!(parse("[a, b]: 1").unwrap_err().starts_with("a key that is no text"));
    }
}
