package corpus

// The sets of the catalogue. To add one, add an entry: digests by sha256sum of
// the file at the pinned commit, rows as this package counts them.

var sets = []set{
	{
		name: "alpaca-random-9k", repo: "gpt4life/alpagasus", commit: "95ad3e52510df8c0a2f0dd6cbe50b501acde83a1", dir: "data/random",
		licence: "CC BY-NC 4.0 (Stanford Alpaca); the carrying repository states none",
		about:   "a random sample of the original Alpaca 52K (AlpaGasus)",
		files: []file{
			{path: "random_9k.json", sha256: "dbb217523fb750e4c56013844e22f5f3363c8c8b01013df5b39e8cabec0e48b0", bytes: 4058731, rows: 9229, shape: Alpaca},
		},
	},
	{
		name: "dolly-3k", repo: "gpt4life/alpagasus", commit: "95ad3e52510df8c0a2f0dd6cbe50b501acde83a1", dir: "data/filtered",
		licence: "CC BY-SA 3.0 (Databricks Dolly); the carrying repository states none",
		about:   "a fifth of Databricks Dolly 15k, fields renamed (AlpaGasus)",
		files: []file{
			{path: "dolly_3k.json", sha256: "cb8d16e85ec217a53587c96596a1e8971b8d72a2fd9d5bc23a2dd3d57b59eeea", bytes: 2315006, rows: 2996, shape: Alpaca},
		},
	},
	{
		name: "safety-tuned-llamas", repo: "vinid/safety-tuned-llamas", commit: "36a4b8d5c2177ed165bf61f59b590161394f7f12", dir: "data",
		licence: "CC BY-NC 4.0 (data; the code is MIT)",
		about:   "unsafe instructions with safe responses, and prompt sets to evaluate on",
		files: []file{
			{path: "evaluation/I-Alpaca.json", sha256: "30db84ee303df15b653566437ccf1a2fc837caac99a570915d720f65f041fe6d", bytes: 3313, rows: 50, layout: Layout{Text: "instructions"}},
			{path: "evaluation/I-CoNa.json", sha256: "e07d92e376198e60ac1004902dc3fec46513ac70b08d855b4101288b8270d62a", bytes: 15640, rows: 178, layout: Layout{Text: "instructions"}},
			{path: "evaluation/I-Controversial.json", sha256: "0590fc6ee97a39c6a43adc21fe5a4ccbf546ea52e89a32757db6ea3d46ce65c4", bytes: 3208, rows: 40, layout: Layout{Text: "instructions"}},
			{path: "evaluation/I-MaliciousInstructions.json", sha256: "7a2bc751d49983800848050282aa2a84b3faa7044c3178228c49dd68df7d679f", bytes: 7314, rows: 100, layout: Layout{Text: "instructions", Label: "tags"}},
			{path: "evaluation/I-PhysicalSafetySafe.json", sha256: "34c874532623e405fb574f0fa8d6b86cbecce0e3340f67b146a6a6bc2453bed6", bytes: 10501, rows: 100, layout: Layout{Text: "instructions"}},
			{path: "evaluation/I-PhysicalSafetyUnsafe.json", sha256: "16324a2f1ded933e8c7a9f6c7d3924130f76260d03f9df2205e0a25c02de8aae", bytes: 11782, rows: 100, layout: Layout{Text: "instructions"}},
			{path: "evaluation/Q-Harm.json", sha256: "ecc1d19030d41ad550a1e69996dc424074e3e45fb2fa5e8e44b46f294aea295a", bytes: 6137, rows: 100, layout: Layout{Text: "instructions"}},
			{path: "training/safety_only_data_Instructions.json", sha256: "7dde08acf87f10cf74fd1b76f56538eae8e413ae8e6b09e3f7bcd97769058dbe", bytes: 1238429, rows: 2483, shape: Alpaca},
		},
	},
	{
		name: "advbench-goal-target", repo: "andyrdt/refusal_direction", commit: "9d852fae1a9121c78b29142de733cb1340770cc3", dir: "dataset/raw",
		licence: "MIT (AdvBench); carrying repository Apache-2.0",
		about:   "AdvBench: harmful behaviours, goal and target",
		files: []file{
			{path: "advbench.csv", sha256: "6cd1a5c63c07610d7eb67307772ee5606017ee950b5770ab288a2c487489d3e1", bytes: 82125, rows: 520, layout: Layout{Text: "goal", Label: "target"}},
		},
	},
	{
		name: "llm-safeguard", repo: "chujiezheng/LLM-Safeguard", commit: "410bfb5c5ae9c17cd73da74a6e648958fd3181cb", dir: "code",
		licence: "none stated",
		about:   "harmful queries and their harmless twins",
		files: []file{
			{path: "data/MaliciousInstruct.txt", sha256: "675f7042ae18fd8ce9b79ec656f00824abc840d9954aa75a021db36689dd0002", bytes: 6270, rows: 100},
			{path: "data/custom.txt", sha256: "72963102a9fdb29f65044bc12ac54caab471f2a3f071dcd05cf8f8cb72873129", bytes: 6361, rows: 100},
			{path: "data_harmless/custom.txt", sha256: "919fc2d4422dcf940b2560b5378d3f56c30fc60d48d67dcaebdb8f1cabc07848", bytes: 6132, rows: 100},
			{path: "data_harmless/testset.txt", sha256: "d4ca81cd544de1489eea608e5ddb3093af51d21c0981e0ba351f7ed1c379452a", bytes: 6231, rows: 100},
		},
	},
	{
		name: "qi-finetuning-attacks", repo: "LLM-Tuning-Safety/LLMs-Finetuning-Safety", commit: "8a3b38f11be1c3829e2b0ed379d3661ebc84e7db", dir: "",
		licence: "MIT",
		about:   "identity-shifting sets and redacted demonstrations (Qi et al. 2023)",
		files: []file{
			{path: "gpt-3.5/data/harmful-examples-demonstration-10-shot.jsonl", sha256: "ac859735b723449f834432eb203616c31f59f2f7b9cf8c6f3445f84858cd1017", bytes: 2542, rows: 10, shape: Chat},
			{path: "gpt-3.5/data/identity-shift-aoa.jsonl", sha256: "a9e4fc236f3591017c2e019979184bc3f05911633f77656dad5abe6c79606d82", bytes: 7379, rows: 10, shape: Chat},
			{path: "llama2/ft_datasets/aoa_dataset/train.json", sha256: "bb141f0cec07cc5b76e5298c52086fb02498405de3bd9ba13da1edae2605fe6d", bytes: 9764, rows: 10, shape: Chat},
			{path: "llama2/ft_datasets/pure_bad_dataset/pure_bad_10_demo.jsonl", sha256: "86142fe0aa5aba31735a050eb097be4ce8f54b72346eda795b85dee748e179ba", bytes: 1412, rows: 10, shape: Chat},
		},
	},
	{
		name: "sst2", repo: "forest-snow/alps", commit: "3c7ef2c98249fc975a897b27f275695f97d5b7a9", dir: "data/SST-2",
		licence: "none stated upstream (Stanford; cite Socher et al. 2013); carrying repository MIT",
		about:   "GLUE SST-2, phrase level, train re-split 90/10; test is GLUE dev",
		files: []file{
			{path: "dev.tsv", sha256: "92353770071a2a889f75d000a38a9e541ea8f0a5499e50f040b17917a5cbf66f", bytes: 383214, rows: 6735, layout: Layout{Text: "sentence", Label: "label"}},
			{path: "test.tsv", sha256: "54a9c12c77e402fc14d6a66a506f24d999f596b0176eb777c972cccc2f9cc4b0", bytes: 94931, rows: 872, layout: Layout{Text: "sentence", Label: "label"}},
			{path: "train.tsv", sha256: "920e317b2c52e12cd22db1da2c6708312bd7dc4f3712b9bbf1b50ee6c2c792ba", bytes: 3422882, rows: 60614, layout: Layout{Text: "sentence", Label: "label"}},
		},
	},
	{
		name: "agnews", repo: "forest-snow/alps", commit: "3c7ef2c98249fc975a897b27f275695f97d5b7a9", dir: "data/agnews",
		licence: "non-commercial research use (AG News); carrying repository MIT",
		about:   "AG News: the test rows and 10,001 rows of train",
		files: []file{
			{path: "dev.tsv", sha256: "7a0811e0006080bf4de17752c5466450ff3db778be71bc5bcf3c4e99b5f0803d", bytes: 2030410, rows: 10001, layout: Layout{Columns: []string{"text", "label"}, Label: "label"}},
			{path: "test.tsv", sha256: "e4217edd939f618f24a42b0988c56ec3cddf656d8dc279b9afa443dd1ab6a1c1", bytes: 1530104, rows: 7600, layout: Layout{Columns: []string{"text", "label"}, Label: "label"}},
		},
	},
	{
		name: "trec", repo: "trangnt08/q_class_en", commit: "3ffc1b21503e89e5eab6bf12ab9eb46d16a14851", dir: "data",
		licence: "none stated (UIUC/TREC question classification)",
		about:   "TREC question classification, 6 coarse and 50 fine classes",
		files: []file{
			{path: "TREC_10.label", sha256: "033f22c028c2bbba9ca682f68ffe204dc1aa6e1cf35dd6207f2d4ca67f0d0e8e", bytes: 23354, rows: 500},
			{path: "train_5500.label", sha256: "f96f211c9d180d3fa25b1841febd9be6f0a6fc65e5b6a99344b5946163b35009", bytes: 335826, rows: 5452},
		},
	},
	{
		name: "commonsense-qa-instruct", repo: "AGI-Edgerunners/LLM-Adapters", commit: "816657208af4db747803f87ba40a4c71383fed7a", dir: "dataset",
		licence: "ODC-By (DATA_LICENSE); BoolQ CC BY-SA 3.0, ARC CC BY-SA 4.0",
		about:   "multiple-choice and yes-no questions as instructions with an answer",
		files: []file{
			{path: "ARC-Easy/test.json", sha256: "3f32a84716ca6d57d38728bf80cc8117aecd17445c2cf29a68b571b810eb82dc", bytes: 1157216, rows: 2376, shape: Alpaca},
			{path: "ARC-Easy/train.json", sha256: "6a06cece3dec32f4fb1c1b0fc29dab14be7cf3053b417290dbc6cd845359f5ff", bytes: 1092324, rows: 2251, shape: Alpaca},
			{path: "boolq/test.json", sha256: "89df2397cbca81dc31adcc6f7f5b635821aa0565aafde46725b2b4bd39b4dfa9", bytes: 899151, rows: 3270, shape: Alpaca},
			{path: "boolq/train.json", sha256: "5ccbaceebaddc69765e1c4a363632196b81851d303696672165ab59ec4e48c83", bytes: 2599507, rows: 9427, shape: Alpaca},
		},
	},
	{
		name: "model-stories260K", repo: "clebert/llama2.zig", commit: "46af05d7ed3e37b41b9049a4cc5c092c8a683a29", dir: "models/tinystories_260k",
		licence: "MIT (weights by A. Karpathy, llama2.c)",
		about:   "a 260 K parameter Llama of 5 layers, its tokenizer",
		files: []file{
			{path: "checkpoint_legacy.bin", sha256: "b0a507e7ad0f626624f17112325e66691f9076d622e1d3274d103d00299f2696", bytes: 1056540},
			{path: "checkpoint_v1.bin", sha256: "9ab1bf3d0c9900ce357fb38b0f42c3252e0ad478400bf7093efa133c8fa60723", bytes: 1040384},
			{path: "tokenizer.bin", sha256: "037cb335abb25d1fa9e8ecae30ed2a3a8ace9302862ebcdc05d51a6bbb10c312", bytes: 6227},
		},
	},
}
