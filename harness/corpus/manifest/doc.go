// Package manifest writes down which rows a data set holds, signed, and says later which are new or gone. What was accepted once
// need not be read again, and nobody adds rows unseen between a check and a training.
//
// A row is the SHA-256 of its turns ([corpus.Digest]) and of which of them train; its place in the file, its shape and its source are not content. A manifest is
// JSON; keys are Ed25519 in PEM, as OpenSSL writes them:
//
//	openssl genpkey -algorithm ed25519 -out key.pem
//	openssl pkey -in key.pem -pubout -out key.pub
package manifest
