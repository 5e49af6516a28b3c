/** Syntax that is newer than modules, which every browser got after ES2015: MDN's key, and which nodes of a parser are it. */

const is = (type, operator) => (node) => node.type === type && (operator === undefined || node.operator === operator);
const isPrivate = ({ key }) => key?.type === "PrivateIdentifier";

/** @type {[string, (node: any) => boolean][]} */
export const SYNTAX = [
  ["javascript.statements.export", (node) => node.type.startsWith("Export")],
  ["javascript.statements.import", is("ImportDeclaration")],
  ["javascript.operators.import", is("ImportExpression")],
  ["javascript.operators.import_meta", is("MetaProperty")],
  ["javascript.operators.exponentiation", is("BinaryExpression", "**")],
  ["javascript.statements.async_function", (node) => node.async === true && !node.generator],
  ["javascript.statements.async_generator_function", (node) => node.async === true && node.generator],
  ["javascript.operators.await", is("AwaitExpression")],
  ["javascript.statements.for_await_of", (node) => node.type === "ForOfStatement" && node.await],
  ["javascript.operators.spread.spread_in_object_literals", (node) => node.type === "ObjectExpression" && node.properties.some(is("SpreadElement"))],
  ["javascript.operators.destructuring.rest_in_objects", (node) => node.type === "ObjectPattern" && node.properties.some(is("RestElement"))],
  ["javascript.statements.try_catch.optional_catch_binding", (node) => node.type === "CatchClause" && !node.param],
  ["javascript.operators.optional_chaining", is("ChainExpression")],
  ["javascript.operators.nullish_coalescing", is("LogicalExpression", "??")],
  ["javascript.operators.nullish_coalescing_assignment", is("AssignmentExpression", "??=")],
  ["javascript.operators.logical_or_assignment", is("AssignmentExpression", "||=")],
  ["javascript.operators.logical_and_assignment", is("AssignmentExpression", "&&=")],
  ["javascript.classes.public_class_fields", (node) => node.type === "PropertyDefinition" && !isPrivate(node)],
  ["javascript.classes.private_class_fields", (node) => node.type === "PropertyDefinition" && isPrivate(node)],
  ["javascript.classes.private_class_methods", (node) => node.type === "MethodDefinition" && isPrivate(node)],
  ["javascript.classes.private_class_fields_in", (node) => node.type === "BinaryExpression" && node.left.type === "PrivateIdentifier"],
  ["javascript.classes.static.initialization_blocks", is("StaticBlock")],
  ["javascript.builtins.BigInt", (node) => node.type === "Literal" && node.bigint !== undefined],
  ["javascript.grammar.numeric_separators", (node) => node.type === "Literal" && typeof node.value === "number" && node.raw.includes("_")],
  ["javascript.regular_expressions.lookbehind_assertion", (node) => /\(\?<[=!]/.test(node.regex?.pattern)],
  ["javascript.regular_expressions.named_capturing_group", (node) => /\(\?<[^=!]/.test(node.regex?.pattern)],
  ["javascript.regular_expressions.unicode_character_class_escape", (node) => /\\p\{/i.test(node.regex?.pattern)],
  ["javascript.builtins.RegExp.dotAll", (node) => /s/.test(node.regex?.flags ?? "")],
  ["javascript.builtins.RegExp.unicodeSets", (node) => /v/.test(node.regex?.flags ?? "")],
];

/** Nodes of ES2015, of which a newer form is above if there is one. Any other is unknown. */
export const ESSENTIAL_SYNTAX = new Set(
  (
    "ArrayExpression ArrayPattern ArrowFunctionExpression AssignmentExpression AssignmentPattern BinaryExpression BlockStatement " +
    "BreakStatement CallExpression CatchClause ClassBody ClassDeclaration ClassExpression ConditionalExpression ContinueStatement " +
    "DoWhileStatement EmptyStatement ExpressionStatement ForInStatement ForOfStatement ForStatement FunctionDeclaration " +
    "FunctionExpression Identifier IfStatement LabeledStatement Literal LogicalExpression MemberExpression MethodDefinition " +
    "NewExpression ObjectExpression ObjectPattern Program Property RestElement ReturnStatement SequenceExpression SpreadElement " +
    "Super SwitchCase SwitchStatement TaggedTemplateExpression TemplateElement TemplateLiteral ThisExpression ThrowStatement " +
    "TryStatement UnaryExpression UpdateExpression VariableDeclaration VariableDeclarator WhileStatement YieldExpression " +
    "PrivateIdentifier"
  ).split(" "),
);
