//! A CDK or SAM template: the API and the functions that it deploys.

mod document;
mod program;
mod yaml;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chatterbox_gateway::{Authorizer, Config, Function, Integration, Route, RouteSelection, Throttle};
use document::{Document, Resource};
use serde_json::Value;

use crate::setup::Setup;

const API: &str = "AWS::ApiGatewayV2::Api";

/// Reads a template. `programs` is the folder where its functions are, each by its name; without it they are where CDK has
/// copied them.
///
/// # Errors
/// All that is wrong with it, a line for each.
pub(crate) fn read(file: &Path, programs: Option<&Path>, region: &str) -> Result<Setup, String> {
    let name = file.display().to_string();
    let told = |error: String| format!("{name}: {error}");
    let content = std::fs::read_to_string(file).map_err(|error| told(error.to_string()))?;
    let mut document = Document::parse(&content).map_err(told)?;
    document.region = region.to_owned();
    let sockets = document
        .of_kind(API)
        .filter(|api| api.property(&["ProtocolType"]) == "WEBSOCKET");
    let sockets: Vec<Resource<'_>> = sockets.collect();
    let [api] = sockets.as_slice() else {
        return Err(told(format!(
            "it has {} WebSocket APIs, and has to have one",
            sockets.len()
        )));
    };
    let mut reading = Reading {
        document: &document,
        api: *api,
        folder: file.parent().unwrap_or(Path::new(".")),
        programs,
        functions: BTreeMap::new(),
        problems: Vec::new(),
        notices: Vec::new(),
    };
    let config = reading.config();
    let (problems, notices) = (reading.problems, reading.notices);
    if !problems.is_empty() {
        let problems: Vec<String> = problems.into_iter().map(told).collect();
        return Err(problems.join("\ngateway: "));
    }
    Ok(Setup {
        config,
        port: Setup::PORT,
        notices: notices.into_iter().map(told).collect(),
        host_in_aws: Some(document.host()),
        ..Setup::default()
    })
}

/// A template that is being read.
struct Reading<'a> {
    document: &'a Document,
    api: Resource<'a>,
    folder: &'a Path,
    programs: Option<&'a Path>,
    functions: BTreeMap<String, Function>,
    problems: Vec<String>,
    notices: Vec<String>,
}

impl<'a> Reading<'a> {
    fn config(&mut self) -> Config {
        let document = self.document;
        let mut config = Config {
            region: document.region.clone(),
            ..Config::default()
        };
        match document
            .text(self.api.property(&["RouteSelectionExpression"]))
            .map(|text| text.parse::<RouteSelection>())
        {
            Some(Ok(selection)) => config.route_selection = selection,
            Some(Err(error)) => self.problems.push(format!("RouteSelectionExpression: {error}")),
            None => {}
        }
        let mut authorizer = None;
        for route in self.of_api("AWS::ApiGatewayV2::Route") {
            let key = document.text(route.property(&["RouteKey"])).unwrap_or_default();
            if key == "$connect" {
                authorizer = self.authorizer(&route);
                config.api_keys = self.api_keys(&route);
            }
            if let Some(route) = self.route(&route) {
                config.routes.insert(key, route);
            }
        }
        config.authorizer = authorizer;
        self.stage(&mut config);
        self.other_functions();
        config.functions = std::mem::take(&mut self.functions);
        config
    }

    /// The keys of the template, if `$connect` asks for one.
    fn api_keys(&mut self, connect: &Resource<'a>) -> Vec<String> {
        if connect.property(&["ApiKeyRequired"]) != true {
            return Vec::new();
        }
        let keys = self.document.of_kind("AWS::ApiGateway::ApiKey");
        let keys = keys.filter_map(|key| self.document.text(key.property(&["Value"])));
        let keys: Vec<String> = keys.collect();
        if keys.is_empty() {
            let text = format!(
                "route `{}`: it asks for an API key, and no AWS::ApiGateway::ApiKey of this template has a Value",
                connect.id
            );
            self.problems.push(text);
        }
        keys
    }

    fn of_api(&self, kind: &'a str) -> Vec<Resource<'a>> {
        let of_kind = self.document.of_kind(kind);
        of_kind
            .filter(|resource| resource.refers_to("ApiId", self.api.id))
            .collect()
    }

    fn route(&mut self, route: &Resource<'a>) -> Option<Route> {
        // `integrations/` and a reference.
        let target = references(route.property(&["Target"]));
        let integration = target.iter().find_map(|id| self.document.resource(id));
        let Some(integration) = integration else {
            self.problems.push(format!(
                "route `{}`: its Target is no integration of this template",
                route.id
            ));
            return None;
        };
        let mut responses = self.of_api("AWS::ApiGatewayV2::RouteResponse").into_iter();
        let two_way = responses.any(|response| response.refers_to("RouteId", route.id));
        let kind = self
            .document
            .text(integration.property(&["IntegrationType"]))
            .unwrap_or_default();
        let integration = match kind.as_str() {
            "AWS_PROXY" => Integration::Lambda(self.function_in(integration.property(&["IntegrationUri"]))?),
            "MOCK" => Integration::Mock(self.mock(&integration)),
            _ => {
                let text = format!("route `{}`: an integration of type {kind} is not known here", route.id);
                self.problems.push(text);
                return None;
            }
        };
        Some(Route {
            integration,
            two_way,
            throttle: None,
        })
    }

    /// The text of a mock: the template of its response that its selection names, or the only one.
    fn mock(&self, integration: &Resource<'a>) -> String {
        let responses = self.of_api("AWS::ApiGatewayV2::IntegrationResponse");
        let response = responses
            .iter()
            .find(|response| response.refers_to("IntegrationId", integration.id));
        let template = response.and_then(|response| {
            let templates = response.property(&["ResponseTemplates"]).as_object()?;
            let selected = self.document.text(response.property(&["TemplateSelectionExpression"]));
            let selected = selected.and_then(|key| templates.get(&key));
            selected
                .or_else(|| templates.values().next())
                .and_then(|text| self.document.text(text))
        });
        template.unwrap_or_default()
    }

    fn authorizer(&mut self, route: &Resource<'a>) -> Option<Authorizer> {
        let id = route.property(&["AuthorizerId"])["Ref"].as_str()?;
        let authorizer = self.document.resource(id)?;
        let function = self.function_in(authorizer.property(&["AuthorizerUri"]))?;
        let sources = authorizer.property(&["IdentitySource"]).as_array();
        let mut identity_sources = Vec::new();
        for source in sources.into_iter().flatten() {
            match self.document.text(source).unwrap_or_default().parse() {
                Ok(source) => identity_sources.push(source),
                Err(error) => self.problems.push(format!("authorizer `{id}`: {source}: {error}")),
            }
        }
        Some(Authorizer {
            function,
            identity_sources,
        })
    }

    fn stage(&mut self, config: &mut Config) {
        let stages = self.of_api("AWS::ApiGatewayV2::Stage");
        let Some(stage) = stages.first() else { return };
        if let [_, other, ..] = stages.as_slice() {
            self.notices
                .push(format!("stage `{}` is left out: one is run", other.id));
        }
        config.stage = self.document.text(stage.property(&["StageName"])).unwrap_or_default();
        let variables = stage.property(&["StageVariables"]).as_object().into_iter().flatten();
        config.stage_variables = variables
            .filter_map(|(name, value)| Some((name.clone(), self.document.text(value)?)))
            .collect();
        for (key, route) in &mut config.routes {
            let own = throttle(stage.property(&["RouteSettings", key]));
            route.throttle = own.or_else(|| throttle(stage.property(&["DefaultRouteSettings"])));
        }
    }

    /// The function that a URI names, by its name. It is configured with the first that names it.
    fn function_in(&mut self, uri: &Value) -> Option<String> {
        let function = references(uri)
            .into_iter()
            .filter_map(|id| self.document.resource(&id))
            .find(is_function);
        let Some(function) = function else {
            self.problems.push(format!("{uri} names no function of this template"));
            return None;
        };
        let name = self.name(&function);
        if !self.functions.contains_key(&name) {
            match self.function(&function) {
                Ok(function) => drop(self.functions.insert(name.clone(), function)),
                // It is told once, and its routes are not told to lead nowhere.
                Err(error) => {
                    self.problems.push(error);
                    self.functions.insert(name.clone(), Function::new("true"));
                }
            }
        }
        Some(name)
    }

    /// The functions to which no route leads: Invoke may call those whose programs are here.
    fn other_functions(&mut self) {
        let document = self.document;
        for function in document.resources().filter(is_function) {
            let name = self.name(&function);
            if !self.functions.contains_key(&name) {
                match self.function(&function) {
                    Ok(function) => drop(self.functions.insert(name, function)),
                    Err(error) => self
                        .notices
                        .push(format!("left out, since no route leads to it: {error}")),
                }
            }
        }
    }

    fn name(&self, function: &Resource<'a>) -> String {
        let given = self.document.text(function.property(&["FunctionName"]));
        given.unwrap_or_else(|| function.id.to_owned())
    }

    fn function(&self, resource: &Resource<'a>) -> Result<Function, String> {
        let document = self.document;
        let function = program::find(document, resource, self.folder, self.programs)?;
        let mut environment = function.environment.clone();
        for variables in [
            &document.of_all_functions("Environment")["Variables"],
            resource.property(&["Environment", "Variables"]),
        ] {
            for (name, value) in variables.as_object().into_iter().flatten() {
                // Where to post is the gateway's to say.
                if name != "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI" {
                    let value = document.text(value);
                    let value = value
                        .ok_or_else(|| format!("function `{}`: {name}: its value is not known here", resource.id))?;
                    environment.insert(name.clone(), value);
                }
            }
        }
        let number = |name: &str| {
            resource
                .property(&[name])
                .as_u64()
                .or(document.of_all_functions(name).as_u64())
        };
        Ok(Function {
            environment,
            timeout: number("Timeout").map_or(function.timeout, Duration::from_secs),
            memory_mb: number("MemorySize")
                .and_then(|size| size.try_into().ok())
                .unwrap_or(function.memory_mb),
            ..function
        })
    }
}

fn is_function(resource: &Resource<'_>) -> bool {
    ["AWS::Lambda::Function", "AWS::Serverless::Function"].contains(&resource.kind)
}

/// A throttle of a stage's settings. AWS takes fractions of a request; here they are rounded up.
fn throttle(settings: &Value) -> Option<Throttle> {
    let number = |name: &str| settings[name].as_f64().map(|number| number.ceil() as u32);
    Some(Throttle {
        rate: number("ThrottlingRateLimit")?,
        burst: number("ThrottlingBurstLimit")?,
    })
}

/// The logical ids to which a value refers, in any of CloudFormation's ways.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, inner)| match (name.as_str(), inner) {
                ("Ref", Value::String(id)) => vec![id.clone()],
                ("Fn::GetAtt", Value::String(text)) => text.split('.').next().map(str::to_owned).into_iter().collect(),
                ("Fn::GetAtt", Value::Array(parts)) => parts
                    .first()
                    .and_then(Value::as_str)
                    .map(str::to_owned)
                    .into_iter()
                    .collect(),
                ("Fn::Sub", Value::String(text)) => names_in(text),
                ("Fn::Sub", Value::Array(parts)) => {
                    let text = parts.first().and_then(Value::as_str).map(names_in);
                    text.into_iter()
                        .flatten()
                        .chain(parts.iter().skip(1).flat_map(references))
                        .collect()
                }
                _ => references(inner),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The names in a text of `Fn::Sub`, without their attributes.
fn names_in(text: &str) -> Vec<String> {
    let names = text.split("${").skip(1).filter_map(|part| part.split_once('}'));
    names
        .filter_map(|(name, _)| name.split('.').next().map(str::to_owned))
        .collect()
}
