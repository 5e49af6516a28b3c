/** A copy of the workspace in which core may be changed, so that tests can be tried on a core with mistakes. */

import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export class CoreCopy {
  #root;

  /**
   * Makes the copy, in the target folder. All but core are links, and the packages of others are those of the usual target
   * folder. cargo tells packages of two workspaces in one target folder apart by their version, not by their path, so the name
   * is added to the version.
   */
  constructor(name) {
    this.#root = join(ROOT, "target", name);
    rmSync(this.#root, { recursive: true, force: true });
    mkdirSync(join(this.#root, "crates"), { recursive: true });
    this.#link("", (file) => !["target", "crates", ".git", "Cargo.toml", "Cargo.lock"].includes(file));
    const manifest = readFileSync(join(ROOT, "Cargo.toml"), "utf8");
    writeFileSync(join(this.#root, "Cargo.toml"), manifest.replace(/^version = "(.*)"$/m, `version = "$1-${name}"`));
    cpSync(join(ROOT, "Cargo.lock"), join(this.#root, "Cargo.lock"));
    this.#link("crates", (file) => file !== "core");
    cpSync(join(ROOT, "crates", "core"), this.core, { recursive: true });
  }

  get core() {
    return join(this.#root, "crates", "core");
  }

  /** A file of core's sources. */
  read(file) {
    return readFileSync(join(this.core, "src", file), "utf8");
  }

  write(file, text) {
    writeFileSync(join(this.core, "src", file), text);
  }

  /** Replaces a text of core which is there once. */
  replace(file, before, after) {
    const text = this.read(file);
    if (text.split(before).length !== 2) throw new Error(`${file} has not one place with: ${before}`);
    this.write(file, text.replace(before, () => after));
  }

  /** Runs cargo here, and returns whether it failed, with the messages that it wrote for programs. */
  async cargo(...parameters) {
    const options = { cwd: this.#root, env: { ...process.env, CARGO_TARGET_DIR: join(ROOT, "target") } };
    const { failed, output, errors } = await run("cargo", [...parameters, "--offline", "--message-format=json"], options);
    return { failed, errors, messages: output.split("\n").filter(Boolean).map((line) => JSON.parse(line)) };
  }

  /** Runs a command of the shell here. */
  shell(command) {
    return run("sh", ["-c", command], { cwd: this.#root });
  }

  #link(folder, wanted) {
    for (const file of readdirSync(join(ROOT, folder)).filter(wanted)) {
      symlinkSync(join(ROOT, folder, file), join(this.#root, folder, file));
    }
  }
}

/** The path of a test program, among cargo's messages of its build: `of` ends its manifest's path. */
export function testProgram(messages, of, name) {
  const isIt = ({ executable, profile, target, manifest_path: manifest }) =>
    executable && profile.test && target.name === name && manifest.endsWith(of);
  return messages.find(isIt).executable;
}

/** Runs a program, and returns what it printed and whether it failed, or took longer than `timeout` milliseconds. */
export function run(program, parameters, options) {
  return new Promise((resolve) => {
    execFile(program, parameters, { ...options, maxBuffer: 2 ** 28 }, (failed, output, errors) => resolve({ failed, output, errors }));
  });
}
