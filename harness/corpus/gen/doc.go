// Package gen is the project's own instruction corpus: a seeded grammar about a made-up world of towns, guilds and
// markets. Nothing in it comes from a data set, and nothing in it is harmful: what must be refused are the guild's
// seals, vaults and forbidden recipes.
//
// Every answer is a function of its instruction and input, so exact match means something. An item is made from two
// choices, a phrasing (which words ask) and a content (which things are asked about). One phrasing in six and one
// content in six, by hash, are held out: the Train part has neither, an item of the Held part has a held-out content, and one in
// six a held-out phrasing too. Each word of the Held part occurs in the Train part.
//
// Rows come from sources that write in different styles. A style changes an instruction's dress, never its key, so a row and
// its restyled twin stand on the same side.
package gen
