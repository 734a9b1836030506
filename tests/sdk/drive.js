// SPDX-License-Identifier: GPL-2.0-only
// drive.js - Cloudflare's own SDK, told what to call: a line of JSON in, {call, args}, a line of JSON out.
// "call" is the path of a method below the client; with "pages" its result is iterated to the end.
'use strict';
const readline = require('readline');
const Cloudflare = require('cloudflare');

const client = new Cloudflare(JSON.parse(process.argv[2]));

async function answer({ call, args, pages }) {
	const names = call.split('.');
	const method = names.pop();
	const object = names.reduce((o, n) => o[n], client);
	const pending = object[method](...args);
	if (!pages)
		return (await pending) ?? null;
	const all = [];
	for await (const one of pending)
		all.push(one);
	return all;
}

async function main() {
	for await (const line of readline.createInterface({ input: process.stdin })) {
		let said;
		try {
			said = { result: await answer(JSON.parse(line)) };
		} catch (e) {
			said = { error: { type: e.constructor.name, status: e.status, errors: e.errors, message: String(e.message) } };
		}
		console.log(JSON.stringify(said));
	}
}

main();
