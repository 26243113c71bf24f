// Package token turns text into token ids and back: byte-level BPE read from
// tokenizer.json or GGUF, trained by Train, and a model's own chat template.
//
// A Tokenizer gives the ids that Transformers gives with add_special_tokens=False:
// nothing is added, and added tokens written in the text are recognised.
//
// A Chat joins a tokenizer and a template. A conversation's prompt and response are
// tokenised apart, so that a prompt's ids do not depend on the response; the response
// ends with the template's end-of-turn token, which counts as a response token.
package token
