import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ArchitectureName } from "../lib/architecture";
import { ofThisMachine } from "../lib/architecture";
import { careful, well, wrong, type Answer } from "./answer";

const ROOT = join(__dirname, "../..");
const CARGO_LAMBDA = join(ROOT, ".tools/venv/bin/cargo-lambda");

/** The oldest Node that still gets fixes. */
const MAINTAINED_NODE = 22;

/** What a build needs of this machine. */
export async function machine(architecture: ArchitectureName): Promise<Answer[]> {
  return (await Promise.all([rust(architecture), cargoLambda(), node(process.versions.node)])).flat();
}

async function rust(architecture: ArchitectureName): Promise<Answer[]> {
  const [version, cargo] = await Promise.all([output("rustc", "--version"), output("cargo", "--version")]);
  const found = /^rustc (\S+)/.exec(version ?? "")?.[1];
  if (!found || !cargo) return [wrong("There is no Rust here: install it from https://rustup.rs.")];
  const least = /rust-version = "(.+)"/.exec(readFileSync(join(ROOT, "Cargo.toml"), "utf8"))![1]!;
  if (isOlder(found, least)) return [wrong(`Rust is ${found}, and ${least} is needed: rustup update stable.`)];
  return [well(`Rust is ${found}.`), await target(architecture)];
}

/** The standard library for the processor that is built for; cargo-lambda brings the linker. */
async function target(architecture: ArchitectureName): Promise<Answer> {
  const name = `${architecture === "arm64" ? "aarch64" : "x86_64"}-unknown-linux-gnu`;
  const folder = (await output("rustc", "--print", "target-libdir", "--target", name))?.trim();
  if (folder && existsSync(folder)) return well(`Rust can build for ${architecture} (${name}).`);
  if (await output("rustup", "--version")) {
    return careful(`Rust cannot build for ${architecture} yet; cargo-lambda will ask rustup for ${name}.`);
  }
  const own = ofThisMachine();
  const other = own === architecture ? "" : `, or make … ARCH=${own}, which needs nothing`;
  return wrong(`Rust cannot build for ${architecture}: get it from https://rustup.rs, and rustup target add ${name}${other}.`);
}

/** Whether there is a cargo-lambda, or can be. */
export async function cargoLambda(program = CARGO_LAMBDA): Promise<Answer> {
  if (await output(program, "lambda", "--version")) return well("cargo-lambda is in .tools.");
  return (await output("python3", "-c", "import venv, ensurepip")) !== undefined
    ? well("cargo-lambda is not in .tools yet; the build gets it from PyPI.")
    : wrong("Neither is cargo-lambda in .tools, nor can Python make a folder for it: install python3 and python3-venv.");
}

/** What there is to say of this version of Node, in which the doctor itself and CDK run. */
export function node(version: string): Answer {
  const least = JSON.parse(readFileSync(join(ROOT, "infra/package.json"), "utf8")).engines.node.replace(">=", "");
  if (isOlder(version, least)) return wrong(`Node is ${version}, and ${least} is needed: https://nodejs.org.`);
  if (isOlder(version, `${MAINTAINED_NODE}`)) {
    return careful(`Node is ${version}, which still does; it gets no more fixes: better install ${MAINTAINED_NODE} or newer.`);
  }
  return well(`Node is ${version}.`);
}

function isOlder(version: string, least: string): boolean {
  const [a, b] = [version, least].map((one) => one.split(/[.-]/).map(Number)) as [number[], number[]];
  const at = b.findIndex((part, index) => part !== (a[index] ?? 0));
  return at >= 0 && (a[at] ?? 0) < b[at]!;
}

/** What a command prints, or nothing where it is not there or fails. */
function output(command: string, ...words: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, words, { timeout: 10_000, cwd: ROOT }, (error, stdout) => resolve(error ? undefined : stdout));
  });
}
