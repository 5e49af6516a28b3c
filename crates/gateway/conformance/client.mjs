// A WebSocket client that says what it is told to, right or wrong, and hides nothing of what it hears.
import crypto from "node:crypto";
import net from "node:net";
import tls from "node:tls";

// How long the answer to a handshake may take, in milliseconds: longer than any function of the suite.
const HANDSHAKE = 40_000;

export class Client {
  #socket;
  #buffer = Buffer.alloc(0);
  #heard = [];
  #waiting = [];
  #parts = [];
  #answersClose = true;

  // Sends a handshake, and returns the answer: its status, its headers, its body if it is no upgrade, and the client.
  static open(url, how = {}) {
    const { path = "", query = "", headers = {}, method = "GET", without = [], version = "1.1", answersClose = true } = how;
    const { protocol, hostname, port, host, pathname } = new URL(url);
    const isTls = protocol === "wss:";
    const client = new Client();
    client.#answersClose = answersClose;
    const options = { host: hostname, port: Number(port) || (isTls ? 443 : 80) };
    client.#socket = isTls ? tls.connect({ ...options, servername: hostname }) : net.connect(options);
    const sent = {
      Host: host,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": crypto.randomBytes(16).toString("base64"),
      ...headers,
    };
    for (const name of without) delete sent[name];
    const lines = Object.entries(sent).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}\r\n`));
    client.#socket.setNoDelay(true);
    client.#socket.write(`${method} ${path || pathname}${query} HTTP/${version}\r\n${lines.join("")}\r\n`);
    return client.#answer(sent["Sec-WebSocket-Key"], method);
  }

  #answer(key, method) {
    return new Promise((resolve, reject) => {
      let head = Buffer.alloc(0);
      const onEnd = () => reject(new Error("hung up in the handshake"));
      const timer = setTimeout(() => reject(new Error("no answer to the handshake")), HANDSHAKE);
      const onData = (data) => {
        head = Buffer.concat([head, data]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return;
        clearTimeout(timer);
        const [first, ...lines] = head.subarray(0, end).toString("latin1").split("\r\n");
        const headers = {};
        for (const line of lines) headers[line.split(":")[0].toLowerCase()] = line.slice(line.indexOf(":") + 1).trim();
        const status = Number(first.split(" ")[1]);
        const rest = head.subarray(end + 4);
        if (status !== 101) {
          if (method !== "HEAD" && rest.length < Number(headers["content-length"] ?? 0)) return;
          this.#socket.destroy();
          resolve({ status, headers, body: rest.toString() });
          return;
        }
        const accept = crypto.createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
        this.#socket.off("data", onData).off("end", onEnd);
        this.#socket.on("data", (data) => this.#read(data)).on("end", () => this.#tell({ end: true }));
        resolve({ status, headers, isAccepted: headers["sec-websocket-accept"] === accept, client: this });
        if (rest.length) this.#read(rest);
      };
      this.#socket.on("data", onData).on("end", onEnd).on("error", (error) => {
        reject(error);
        this.#tell({ end: true });
      });
    });
  }

  // Sends one frame: masked, unless the frame says otherwise. It may announce another length than it has, or write it in more bytes
  // than it needs (2 or 8).
  frame({ opcode = 1, fin = true, data = "", masked = true, reserved = 0, announced, wide }) {
    const payload = Buffer.from(data);
    const told = announced === undefined ? payload.length : BigInt(announced);
    const size = wide ?? (told < 126 ? 0 : told < 65536 ? 2 : 8);
    const extended = Buffer.alloc(size);
    if (size === 2) extended.writeUInt16BE(Number(told));
    if (size === 8) extended.writeBigUInt64BE(BigInt(told));
    const short = size === 0 ? Number(told) : size === 2 ? 126 : 127;
    const mask = masked ? crypto.randomBytes(4) : Buffer.alloc(0);
    if (masked) payload.forEach((byte, at) => (payload[at] = byte ^ mask[at % 4]));
    const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
    this.#socket.write(Buffer.concat([Buffer.from([first, (masked ? 0x80 : 0) | short]), extended, mask, payload]));
  }

  // Leaves without a close frame: by the end of TCP (`end`), or by its reset.
  leave(how) {
    if (how === "end") this.#socket.end();
    else this.#socket.resetAndDestroy();
  }

  stopReading() {
    this.#socket.pause();
  }

  #read(data) {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    for (;;) {
      const buffer = this.#buffer;
      if (buffer.length < 2) return;
      const [short, header] = [buffer[1] & 0x7f, (buffer[1] & 0x7f) < 126 ? 2 : (buffer[1] & 0x7f) === 126 ? 4 : 10];
      if (buffer.length < header) return;
      const length = header === 2 ? short : header === 4 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
      if (buffer.length < header + length) return;
      const payload = Buffer.from(buffer.subarray(header, header + length));
      this.#buffer = buffer.subarray(header + length);
      this.#hear(buffer[0] & 0x0f, Boolean(buffer[0] & 0x80), payload);
    }
  }

  #hear(opcode, fin, payload) {
    if (opcode === 8) {
      const code = payload.length >= 2 ? payload.readUInt16BE() : 1005;
      this.#tell({ close: code, reason: payload.subarray(2).toString() });
      // The other half of the closing handshake.
      if (this.#answersClose) this.frame({ opcode: 8, data: payload.subarray(0, 2) });
    } else if (opcode >= 9) {
      this.#tell({ [opcode === 9 ? "ping" : "pong"]: payload.toString() });
    } else {
      this.#parts.push(payload);
      if (!fin) return;
      const text = Buffer.concat(this.#parts).toString();
      this.#tell({ text, largestFrame: Math.max(...this.#parts.map((part) => part.length)) });
      this.#parts = [];
    }
  }

  #tell(what) {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(what);
    else this.#heard.push(what);
  }

  // What comes next: `{ text }`, `{ close, reason }`, `{ pong }`, `{ end }`; or `{ nothing }` within this time.
  next(milliseconds) {
    if (this.#heard.length) return Promise.resolve(this.#heard.shift());
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((one) => one !== told);
        resolve({ nothing: true });
      }, milliseconds);
      const told = (what) => {
        clearTimeout(timer);
        resolve(what);
      };
      this.#waiting.push(told);
    });
  }

  end() {
    this.#socket.destroy();
  }
}
