#!/usr/bin/env node
// Checks Scopetrail exports without Scopetrail: Node 20 or newer, no package, no network, nothing is written.
//
//   node verify-export.mjs [--key PUBLICKEY] [--anchor SHA256] FOLDER
//
// FOLDER is one export, or the folder that holds a chain of them. Exit code 0: unchanged and whole; 1: something is wrong.
//
// What is checked, in this order:
//  1. manifest.sig is an Ed25519 signature (64 bytes, hexadecimal, a line) over the bytes of manifest.json.
//  2. The files of the folder are those of the manifest, none more, none less; each has its length and SHA-256.
//  3. Of each table, the rows give the Merkle root of the manifest (RFC 6962: leaf = SHA-256(0x00 row), node =
//     SHA-256(0x01 left right)). A row is a JSON object on one line: members in the order of the columns, null left out.
//  4. Exports of a chain follow each other without a gap: each names the SHA-256 of the manifest before it, and a new key
//     is signed by the old one.
import { createHash, createPublicKey, verify } from "node:crypto";
import { createReadStream, existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

const ROW_HASH_BYTES = 8;
const NAME = /^[a-z][a-z0-9-]*\.[a-z]+$|^README\.txt$/;
const EXPORT = /^export-(\d{6,12})$/;
const HEX32 = /^[0-9a-f]{64}$/;

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
export const leafHash = (row) => sha256(Buffer.of(0), row);
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

/** A Merkle tree that is told its leaves in order: whole subtrees so far, joined when two are of one size. */
export function merkleTree() {
  const roots = [];
  let count = 0;
  return {
    add(leaf) {
      let node = leaf;
      for (let size = count; size % 2 === 1; size = (size - 1) / 2) node = nodeHash(roots.pop(), node);
      roots.push(node);
      count += 1;
    },
    count: () => count,
    root: () => (count === 0 ? sha256() : roots.reduceRight((right, left) => nodeHash(left, right))),
  };
}

export function isSigned(publicKey, bytes, signature) {
  if (!HEX32.test(String(publicKey)) || !/^[0-9a-f]{128}$/.test(String(signature))) return false;
  const x = Buffer.from(publicKey, "hex").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, bytes, key, Buffer.from(signature, "hex"));
}

/** Lines of a file as bytes, without their line feeds; what comes after the last one is a line that was cut. */
async function* lines(path) {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path)) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
      yield bytes.subarray(from, at);
      from = at + 1;
    }
    rest = bytes.subarray(from);
  }
  if (rest.length > 0) throw new Error("the last row has no end");
}

/** Records of RFC 4180: a line break within quotes does not end one. Cells are undefined where nothing was written. */
async function* csvRecords(path) {
  let text = "";
  for await (const line of lines(path)) {
    text += line.toString("utf8");
    if ((text.split('"').length - 1) % 2 === 1) text += "\n";
    else {
      if (!text.endsWith("\r")) throw new Error("a row does not end with CR LF");
      yield csvCells(text.slice(0, -1));
      text = "";
    }
  }
  if (text !== "") throw new Error("a quote is not closed");
}

function csvCells(text) {
  const cells = [];
  const cell = /("(?:[^"]|"")*"|[^",]*)(,|$)/gy;
  for (;;) {
    const found = cell.exec(text);
    if (found === null) throw new Error("a row is not CSV");
    const [, value, end] = found;
    const plain = value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value;
    // An apostrophe was put before what a spreadsheet would run, and before texts that begin with one.
    cells.push(value === "" ? undefined : plain.startsWith("'") ? plain.slice(1) : plain);
    if (end === "") return cells;
  }
}

async function* csvRows(path, columns) {
  let isHead = true;
  for await (const cells of csvRecords(path)) {
    if (cells.length !== columns.length) throw new Error(`a row has ${cells.length} cells, not ${columns.length}`);
    if (isHead) {
      if (cells.some((cell, i) => cell !== columns[i].name)) throw new Error("the header is another one");
    } else {
      const members = cells.flatMap((cell, i) => {
        if (cell === undefined) return [];
        const isText = columns[i].type === "text" || columns[i].type === "instant";
        return [`${JSON.stringify(columns[i].name)}:${isText ? JSON.stringify(cell) : cell}`];
      });
      yield Buffer.from(`{${members.join(",")}}`);
    }
    isHead = false;
  }
}

/** Readers of rows by format: each gives the rows as canonical lines. Others can be given from outside. */
export const READERS = { ndjson: lines, csv: csvRows };

async function fileHash(path) {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** What became of row `at`, whose hash is not the one that was noted for it. */
function faultOfRow(at, hash, noted) {
  const of = (row) => noted.subarray(ROW_HASH_BYTES * row, ROW_HASH_BYTES * (row + 1));
  const short = hash.subarray(0, ROW_HASH_BYTES);
  if (ROW_HASH_BYTES * at >= noted.length) return `row ${at + 1} is one more than there were`;
  if (at > 0 && of(at - 1).equals(short)) return `row ${at + 1} repeats row ${at}`;
  if (of(at + 1).equals(short)) return `row ${at + 1} is missing`;
  for (let from = 0; ; ) {
    const found = noted.indexOf(short, from);
    if (found < 0) return `row ${at + 1} was changed`;
    if (found % ROW_HASH_BYTES === 0) return `row ${found / ROW_HASH_BYTES + 1} stands in the place of row ${at + 1}`;
    from = found + 1;
  }
}

/** The first fault in the rows of a table; undefined where they are those that were signed. */
async function faultInRows(dir, file, readers) {
  const { table } = file;
  const reader = Object.hasOwn(readers, table.format) ? readers[table.format] : undefined;
  if (reader === undefined) return undefined;
  const noted = readFileSync(join(dir, table.rowHashes));
  const tree = merkleTree();
  try {
    for await (const row of reader(join(dir, file.name), table.columns)) {
      const hash = leafHash(row);
      const at = ROW_HASH_BYTES * tree.count();
      if (!noted.subarray(at, at + ROW_HASH_BYTES).equals(hash.subarray(0, ROW_HASH_BYTES)))
        return faultOfRow(tree.count(), hash, noted);
      tree.add(hash);
    }
  } catch (error) {
    return `cannot be read at row ${tree.count() + 1}: ${error.message}`;
  }
  if (tree.count() < table.rows) return `row ${tree.count() + 1} and all after it are missing`;
  if (tree.count() !== table.rows || tree.root().toString("hex") !== table.merkleRoot)
    return "the rows do not give the Merkle root that was signed";
  return undefined;
}

/** Faults of the files of one export, the first of each file; `note` is told what could not be checked here. */
async function faultsInFiles(dir, manifest, { readers, note, hashOf }) {
  const faults = [];
  const files = Array.isArray(manifest.files) ? manifest.files : [];
  const known = new Set(["manifest.json", "manifest.sig", ...files.map(({ name }) => name)]);
  for (const name of readdirSync(dir)) if (!known.has(name)) faults.push(`${name}: is not of this export`);
  for (const file of files) {
    const path = join(dir, String(file.name));
    if (!NAME.test(String(file.name))) faults.push(`${file.name}: is no name of a file of an export`);
    else if (!existsSync(path)) faults.push(`${file.name}: is missing`);
    else if (!lstatSync(path).isFile()) faults.push(`${file.name}: is no plain file`);
    else {
      const found = await hashOf(path);
      const isSame = found.bytes === file.bytes && found.sha256 === file.sha256;
      const hashes = String(file.table?.rowHashes);
      const canRead = file.table !== undefined && NAME.test(hashes) && existsSync(join(dir, hashes));
      const row = canRead ? await faultInRows(dir, file, readers) : undefined;
      if (row !== undefined) faults.push(`${file.name}: ${row}`);
      else if (!isSame) faults.push(`${file.name}: its bytes are not those that were signed`);
      if (canRead && !Object.hasOwn(readers, file.table.format))
        note(`${basename(dir)}/${file.name}: its bytes were checked, its rows cannot be read here`);
    }
  }
  return faults;
}

function manifestOf(dir, key) {
  if (!existsSync(join(dir, "manifest.json"))) return { faults: ["manifest.json: is missing"] };
  if (!existsSync(join(dir, "manifest.sig"))) return { faults: ["manifest.sig: is missing"] };
  const bytes = readFileSync(join(dir, "manifest.json"));
  const signature = /^([0-9a-f]{128})\n$/.exec(readFileSync(join(dir, "manifest.sig"), "latin1"))?.[1];
  let manifest;
  try {
    manifest = JSON.parse(bytes.toString("utf8"));
  } catch {
    return { faults: ["manifest.json: is no JSON"] };
  }
  if (manifest?.schema !== "scopetrail.bundle/1") return { faults: ["manifest.json: is of no kind that is known"] };
  const publicKey = manifest.signer?.publicKey;
  if (!isSigned(publicKey, bytes, signature)) return { faults: ["manifest.json: the signature is not of these bytes"] };
  const { records = 0, accepted = 0, duplicate = 0, filtered = 0, rejected = 0 } = manifest.conservation ?? {};
  const faults = records === accepted + duplicate + filtered + rejected ? [] : ["manifest.json: records were lost"];
  const rotated = manifest.rotation?.previousPublicKey;
  if (key !== undefined && key !== publicKey && !(key === rotated && isRotated(manifest, key)))
    faults.push(`manifest.json: signed by ${publicKey}, not by the key that you trust`);
  return { faults, manifest, sha256: sha256(bytes).toString("hex") };
}

const isRotated = ({ rotation, signer, sequence }, key) =>
  isSigned(key, Buffer.from(`scopetrail.rotation/1\n${signer.publicKey}\n${sequence}\n`), rotation?.signature);

/** Checks one export; faults are texts that begin with the file. */
export async function verifyBundle(dir, { key, readers = READERS, note = () => {}, hashOf = fileHash } = {}) {
  const head = manifestOf(dir, key);
  if (head.manifest === undefined) return head;
  return { ...head, faults: [...head.faults, ...(await faultsInFiles(dir, head.manifest, { readers, note, hashOf }))] };
}

function faultsInLink(manifest, before) {
  const { sequence, previous, signer } = manifest;
  if (before === undefined)
    return previous === null
      ? []
      : [`follows export ${previous.sequence}, which is not here: the chain was cut before it`];
  if (sequence !== before.manifest.sequence + 1)
    return [`is export ${sequence} and stands behind export ${before.manifest.sequence}: one is missing in between`];
  if (previous?.sequence !== before.manifest.sequence || previous.sha256 !== before.sha256)
    return [`does not follow the export ${before.manifest.sequence} that is here`];
  const old = before.manifest.signer.publicKey;
  if (signer.publicKey !== old && !isRotated(manifest, old))
    return [`its key is new, and not signed by the one before`];
  return [];
}

/** Checks a chain of exports, oldest first. */
async function verifyChain(dir, names, { key, anchor, ...options }) {
  const faults = [];
  const keys = new Set();
  const hashes = new Set();
  let before;
  for (const name of names) {
    const { faults: own, manifest, sha256: hash } = await verifyBundle(join(dir, name), options);
    faults.push(...own.map((fault) => `${name}/${fault}`));
    if (manifest === undefined) continue;
    if (Number(EXPORT.exec(name)[1]) !== manifest.sequence)
      faults.push(`${name}/manifest.json: is of export ${manifest.sequence}`);
    faults.push(...faultsInLink(manifest, before).map((fault) => `${name}/manifest.json: ${fault}`));
    keys.add(manifest.signer.publicKey);
    hashes.add(hash);
    before = { manifest, sha256: hash };
  }
  if (key !== undefined && !keys.has(key)) faults.push("no export is signed by the key that you trust");
  if (anchor !== undefined && !hashes.has(anchor))
    faults.push(`the export with the manifest ${anchor} is not here: the end was cut, or the chain was made anew`);
  return { faults, exports: names.length, keys: [...keys], newest: before?.sha256 };
}

/** Checks an export, or the exports of a folder; `faults` is empty where everything is as it was signed. */
export async function verifyExports(dir, options = {}) {
  if (!existsSync(dir)) return { faults: [`${dir}: is not there`], exports: 0, keys: [] };
  if (existsSync(join(dir, "manifest.json")) || existsSync(join(dir, "manifest.sig"))) {
    const { faults, manifest, sha256: newest } = await verifyBundle(dir, options);
    if (![undefined, newest].includes(options.anchor)) faults.push("this is not the export of the anchor");
    return { faults, exports: 1, keys: [manifest?.signer?.publicKey], newest };
  }
  const names = readdirSync(dir)
    .filter((name) => EXPORT.test(name))
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (names.length === 0) return { faults: [`${dir}: holds no export`], exports: 0, keys: [] };
  return await verifyChain(dir, names, options);
}

async function main(args) {
  const options = { note: (text) => console.error(text) };
  const dirs = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--key" || args[i] === "--anchor") options[args[i].slice(2)] = args[++i];
    else dirs.push(args[i]);
  }
  if (dirs.length !== 1) {
    console.error("usage: node verify-export.mjs [--key PUBLICKEY] [--anchor SHA256] FOLDER");
    return 2;
  }
  const { faults, exports, keys, newest } = await verifyExports(dirs[0], options);
  for (const fault of faults) console.log(`WRONG  ${fault}`);
  if (faults.length === 0)
    console.log(`OK     exports: ${exports}; signed by ${keys.join(", ")}; newest manifest ${newest}`);
  return faults.length === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = await main(process.argv.slice(2));
