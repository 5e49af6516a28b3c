//! The answer of a Lambda authorizer: who it is, and an IAM policy that says what they may do.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What an authorizer has said.
#[derive(Debug)]
pub(super) struct Policy {
    principal_id: String,
    statements: Vec<Statement>,
    context: Map<String, Value>,
}

/// What a policy means for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    /// No statement allows it, or one denies it.
    Denied,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    principal_id: Option<Value>,
    policy_document: Document,
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    statement: OneOrMore<Statement>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    action: Option<OneOrMore<String>>,
    not_action: Option<OneOrMore<String>>,
    resource: Option<OneOrMore<String>>,
    not_resource: Option<OneOrMore<String>>,
    condition: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

/// What every request of a client needs.
const ACTION: &str = "execute-api:Invoke";

impl Policy {
    /// The longest answer, in bytes. AWS: 8 KB.
    const LONGEST: usize = 8 * 1024;

    /// Reads an answer, or says in the gateway's words why it is none.
    pub(super) fn parse(payload: &[u8]) -> Result<Policy, &'static str> {
        if payload.len() > Self::LONGEST {
            return Err("authorizer: the answer is over 8 KB");
        }
        let answer: Answer = serde_json::from_slice(payload)
            .map_err(|_| "authorizer: the answer has no policyDocument as IAM has it")?;
        let principal_id = match answer.principal_id {
            Some(Value::String(id)) if !id.is_empty() => id,
            _ => return Err("authorizer: the answer has no principalId"),
        };
        let statements = match answer.policy_document.statement {
            OneOrMore::One(statement) => vec![statement],
            OneOrMore::More(statements) => statements,
        };
        if statements.iter().any(|statement| !statement.is_known()) {
            return Err("authorizer: a statement has a Condition, or no Action or no Resource");
        }
        let context = answer.context.unwrap_or_default();
        let is_plain = |value: &Value| !value.is_array() && !value.is_object();
        if !context.values().all(is_plain) {
            return Err("authorizer: a value of the context is an array or an object");
        }
        Ok(Policy {
            principal_id,
            statements,
            context,
        })
    }

    /// Whether the client may call this. A statement that denies goes before all that allow.
    pub(super) fn decide(&self, arn: &str) -> Decision {
        let mut matching = self
            .statements
            .iter()
            .filter(|statement| statement.concerns(arn))
            .peekable();
        if matching.peek().is_some() && matching.all(|statement| statement.effect == Effect::Allow) {
            Decision::Allowed
        } else {
            Decision::Denied
        }
    }

    /// `requestContext.authorizer`, as the events have it: who it is, and the context, in which numbers and truths are text.
    pub(super) fn into_context(self, milliseconds: u64) -> Map<String, Value> {
        let text = |value: Value| match value {
            Value::Number(_) | Value::Bool(_) => Value::String(value.to_string()),
            other => other,
        };
        let mut context: Map<String, Value> = self
            .context
            .into_iter()
            .map(|(name, value)| (name, text(value)))
            .collect();
        context.insert("principalId".into(), self.principal_id.into());
        context.insert("integrationLatency".into(), milliseconds.into());
        context
    }
}

impl Statement {
    fn is_known(&self) -> bool {
        self.condition.is_none()
            && (self.action.is_some() != self.not_action.is_some())
            && (self.resource.is_some() != self.not_resource.is_some())
    }

    fn concerns(&self, arn: &str) -> bool {
        let any = |patterns: &Option<OneOrMore<String>>, text: &str| match patterns {
            None => false,
            Some(OneOrMore::One(pattern)) => matches(pattern, text),
            Some(OneOrMore::More(patterns)) => patterns.iter().any(|pattern| matches(pattern, text)),
        };
        // The names of actions are the same in any spelling.
        let lower = |patterns: &Option<OneOrMore<String>>| match patterns {
            None => None,
            Some(OneOrMore::One(pattern)) => Some(OneOrMore::One(pattern.to_ascii_lowercase())),
            Some(OneOrMore::More(patterns)) => Some(OneOrMore::More(
                patterns.iter().map(|pattern| pattern.to_ascii_lowercase()).collect(),
            )),
        };
        let action = ACTION.to_ascii_lowercase();
        let is_action = match &self.not_action {
            None => any(&lower(&self.action), &action),
            not => !any(&lower(not), &action),
        };
        let is_resource = match &self.not_resource {
            None => any(&self.resource, arn),
            not => !any(not, arn),
        };
        is_action && is_resource
    }
}

/// Whether a text fits a pattern, in which `*` is any text and `?` any symbol. It takes time in proportion to the product of their
/// lengths, at most.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut in_text, mut star) = (0, 0, None);
    while in_text < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, in_text));
                at += 1;
            }
            Some(symbol) if *symbol == b'?' || *symbol == text[in_text] => {
                at += 1;
                in_text += 1;
            }
            _ => {
                // The last star takes one symbol more.
                let Some((after, taken)) = star else { return false };
                star = Some((after, taken + 1));
                (at, in_text) = (after, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|symbol| *symbol == b'*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:local00000/dev/$connect";

    fn decide(statement: Value) -> Option<Decision> {
        let answer = json!({ "principalId": "me", "policyDocument": { "Statement": statement } });
        Some(Policy::parse(answer.to_string().as_bytes()).ok()?.decide(ARN))
    }

    #[test]
    fn a_policy_allows_what_a_statement_allows_and_none_denies() {
        let statement = |effect: &str, action: &str, resource: &str| json!({ "Effect": effect, "Action": action, "Resource": resource });
        let allow = statement("Allow", "execute-api:Invoke", ARN);
        for (statement, expected) in [
            (allow.clone(), Some(Decision::Allowed)),
            (json!([allow]), Some(Decision::Allowed)),
            (json!([]), Some(Decision::Denied)),
            (statement("Deny", "*", "*"), Some(Decision::Denied)),
            (
                json!([allow, statement("Deny", "execute-api:*", "*")]),
                Some(Decision::Denied),
            ),
            (
                json!([allow, statement("Deny", "execute-api:*", "*/prod/*")]),
                Some(Decision::Allowed),
            ),
            (
                statement("Allow", "EXECUTE-API:invoke", "arn:aws:execute-api:*:local00000/???/*"),
                Some(Decision::Allowed),
            ),
            (
                statement("Allow", "execute-api:ManageConnections", "*"),
                Some(Decision::Denied),
            ),
            (
                statement("Allow", "execute-api:Invoke", "*/dev/$connec"),
                Some(Decision::Denied),
            ),
            (
                json!({ "Effect": "Allow", "NotAction": "s3:*", "NotResource": ["*/prod/*"] }),
                Some(Decision::Allowed),
            ),
            (statement("allow", "*", "*"), None),
            (json!({ "Effect": "Allow", "Action": "*" }), None),
            (
                json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {} }),
                None,
            ),
        ] {
            assert_eq!(decide(statement.clone()), expected, "{statement}");
        }
    }

    #[test]
    fn the_context_is_text_with_who_it_is_and_how_long_it_took() {
        let allow = json!({ "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } });
        let answer = json!({ "principalId": "me", "policyDocument": allow, "context": { "a": "b", "n": 1, "t": true, "z": null } });
        let context = Policy::parse(answer.to_string().as_bytes()).unwrap().into_context(7);
        let expected =
            json!({ "principalId": "me", "integrationLatency": 7, "a": "b", "n": "1", "t": "true", "z": null });
        assert_eq!(Value::Object(context), expected);
        for answer in [
            json!({ "policyDocument": allow }),
            json!({ "principalId": "", "policyDocument": allow }),
            json!({ "principalId": "me" }),
            json!({ "principalId": "me", "policyDocument": allow, "context": { "a": [] } }),
            json!({ "principalId": "me", "policyDocument": allow, "context": { "a": "x".repeat(8 * 1024) } }),
            json!("Allow"),
        ] {
            assert!(Policy::parse(answer.to_string().as_bytes()).is_err(), "{answer:.100}");
        }
    }
}
