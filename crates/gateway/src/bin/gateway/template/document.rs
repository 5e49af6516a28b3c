//! A CloudFormation template: its resources, and what its values come to on this machine.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::yaml;

/// A template, as CDK writes it in JSON, or people write those of AWS SAM in YAML.
pub(super) struct Document {
    template: Value,
    pub(super) region: String,
    pub(super) account: String,
    /// What a reference to the WebSocket API comes to.
    pub(super) api_id: String,
    /// How deep in references it is.
    depth: Cell<usize>,
}

/// The deepest that references go, so that those in a circle come to an end.
const DEEPEST: usize = 50;

/// A resource of a template.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resource<'a> {
    /// Its logical id.
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
    resource: &'a Value,
}

impl<'a> Resource<'a> {
    /// A property, by its names from the outside to the inside; null if it is absent.
    pub(super) fn property(&self, names: &[&str]) -> &'a Value {
        let properties = &self.resource["Properties"];
        names.iter().fold(properties, |at, name| &at[name])
    }

    pub(super) fn metadata(&self, name: &str) -> Option<&'a str> {
        self.resource["Metadata"][name].as_str()
    }

    /// Whether a property is a reference to this resource.
    pub(super) fn refers_to(&self, property: &str, id: &str) -> bool {
        self.property(&[property])["Ref"] == id
    }
}

impl Document {
    /// Reads a template.
    ///
    /// # Errors
    /// It is neither JSON nor YAML, or has no resources.
    pub(super) fn parse(content: &str) -> Result<Document, String> {
        let template: Value = if content.trim_start().starts_with('{') {
            serde_json::from_str(content).map_err(|error| error.to_string())?
        } else {
            yaml::parse(content)?
        };
        if !template["Resources"].is_object() {
            return Err("it has no Resources, so that it is no template".into());
        }
        Ok(Document {
            template,
            region: "us-east-1".into(),
            account: "000000000000".into(),
            api_id: "local00000".into(),
            depth: Cell::new(0),
        })
    }

    pub(super) fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        let resources = self.template["Resources"].as_object().into_iter().flatten();
        resources.filter_map(|(id, resource)| {
            let kind = resource["Type"].as_str()?;
            Some(Resource { id, kind, resource })
        })
    }

    pub(super) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = Resource<'a>> {
        self.resources().filter(move |resource| resource.kind == kind)
    }

    pub(super) fn resource(&self, id: &str) -> Option<Resource<'_>> {
        self.resources().find(|resource| resource.id == id)
    }

    /// A property that all functions of a SAM template have; null if there is none.
    pub(super) fn of_all_functions(&self, name: &str) -> &Value {
        &self.template["Globals"]["Function"][name]
    }

    /// What a value comes to as text. A reference to a resource that exists in AWS only comes to its name, or its logical id.
    /// `None`: it is no text, or takes a function of CloudFormation that is not known here.
    pub(super) fn text(&self, value: &Value) -> Option<String> {
        self.depth.set(self.depth.get() + 1);
        let text = self.text_within(value);
        self.depth.set(self.depth.get() - 1);
        text
    }

    fn text_within(&self, value: &Value) -> Option<String> {
        if self.depth.get() > DEEPEST {
            return None;
        }
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            Value::Object(members) if members.len() == 1 => {
                let (function, argument) = members.iter().next()?;
                self.call(function, argument)
            }
            _ => None,
        }
    }

    fn call(&self, function: &str, argument: &Value) -> Option<String> {
        match function {
            "Ref" => Some(self.reference(argument.as_str()?)),
            "Fn::GetAtt" => {
                let (id, name) = match argument {
                    Value::String(text) => text.split_once('.')?,
                    other => (other[0].as_str()?, other[1].as_str()?),
                };
                Some(self.attribute(id, name))
            }
            "Fn::Join" => {
                let parts: Option<Vec<String>> = argument[1].as_array()?.iter().map(|part| self.text(part)).collect();
                Some(parts?.join(argument[0].as_str()?))
            }
            "Fn::Sub" => match argument {
                Value::String(text) => self.substituted(text, &Map::new()),
                other => self.substituted(other[0].as_str()?, other[1].as_object()?),
            },
            "Fn::ImportValue" => self.text(argument),
            _ => None,
        }
    }

    fn reference(&self, name: &str) -> String {
        match name {
            "AWS::Region" => return self.region.clone(),
            "AWS::AccountId" => return self.account.clone(),
            "AWS::Partition" => return "aws".into(),
            "AWS::URLSuffix" => return "amazonaws.com".into(),
            "AWS::StackName" => return "local".into(),
            _ => {}
        }
        let default = &self.template["Parameters"][name]["Default"];
        let Some(resource) = self.resource(name) else {
            return self.text(default).unwrap_or_else(|| name.to_owned());
        };
        if resource.kind == "AWS::ApiGatewayV2::Api" {
            return self.api_id.clone();
        }
        const NAMES: [&str; 5] = ["FunctionName", "TableName", "QueueName", "BucketName", "StageName"];
        let given = NAMES.iter().find_map(|given| self.text(resource.property(&[*given])));
        given.unwrap_or_else(|| name.to_owned())
    }

    fn attribute(&self, id: &str, name: &str) -> String {
        let referred = self.reference(id);
        let kind = self.resource(id).map(|resource| resource.kind);
        match (kind, name) {
            (Some("AWS::Lambda::Function" | "AWS::Serverless::Function"), "Arn") => {
                format!("arn:aws:lambda:{}:{}:function:{referred}", self.region, self.account)
            }
            (Some("AWS::ApiGatewayV2::Api"), "ApiEndpoint") => format!("wss://{}", self.host()),
            (_, "Arn") => format!("arn:aws:local:{}:{}:{referred}", self.region, self.account),
            _ => referred,
        }
    }

    /// The name by which the API would be called in AWS.
    pub(super) fn host(&self) -> String {
        format!("{}.execute-api.{}.amazonaws.com", self.api_id, self.region)
    }

    fn substituted(&self, text: &str, own: &Map<String, Value>) -> Option<String> {
        let (mut whole, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("${") {
            let (name, next) = after.split_once('}')?;
            whole += before;
            whole += &match (name.strip_prefix('!'), own.get(name), name.split_once('.')) {
                (Some(literal), ..) => format!("${{{literal}}}"),
                (None, Some(value), _) => self.text(value)?,
                (None, None, Some((id, attribute))) => self.attribute(id, attribute),
                (None, None, None) => self.reference(name),
            };
            rest = next;
        }
        Some(whole + rest)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_come_to_what_they_are_on_this_machine() {
        let template = json!({
            "Parameters": { "Level": { "Default": "info" }, "Bare": {} },
            "Resources": {
                "Api": { "Type": "AWS::ApiGatewayV2::Api" },
                "Chat": { "Type": "AWS::Lambda::Function", "Properties": { "FunctionName": { "Fn::Sub": "${AWS::StackName}-chat" } } },
                "Table": { "Type": "AWS::DynamoDB::Table" },
                "Circle": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": { "Fn::GetAtt": ["Circle", "QueueName"] } } },
            },
        });
        let document = Document::parse(&template.to_string()).unwrap();
        for (value, expected) in [
            (json!("a"), Some("a")),
            (json!(7), Some("7")),
            (json!({ "Ref": "Level" }), Some("info")),
            (json!({ "Ref": "Bare" }), Some("Bare")),
            (json!({ "Ref": "Table" }), Some("Table")),
            (json!({ "Ref": "Chat" }), Some("local-chat")),
            (
                json!({ "Fn::GetAtt": ["Chat", "Arn"] }),
                Some("arn:aws:lambda:us-east-1:000000000000:function:local-chat"),
            ),
            (
                json!({ "Fn::GetAtt": "Api.ApiEndpoint" }),
                Some("wss://local00000.execute-api.us-east-1.amazonaws.com"),
            ),
            (
                json!({ "Fn::Join": ["/", ["a", { "Ref": "AWS::Region" }]] }),
                Some("a/us-east-1"),
            ),
            (
                json!({ "Fn::Sub": "${Api}/${Table.Arn}/${!a}" }),
                Some("local00000/arn:aws:local:us-east-1:000000000000:Table/${a}"),
            ),
            (
                json!({ "Fn::Sub": ["${a}-${Level}", { "a": { "Ref": "Table" } }] }),
                Some("Table-info"),
            ),
            (json!({ "Fn::Select": [0, ["a"]] }), None),
            (json!(["a"]), None),
            (json!({ "Ref": "Circle" }), Some("Circle")),
        ] {
            assert_eq!(document.text(&value).as_deref(), expected, "{value}");
        }
        for content in ["Resources:", "Description: no resources", "{}", "[]", "{", "a: ["] {
            assert!(Document::parse(content).is_err(), "{content}");
        }
    }
}
