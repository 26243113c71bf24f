"""Writes templates.json (what Transformers renders for the chat templates of the model families) and
trained.json (what the tokenizers library learns from the texts of train.txt)."""
import json

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers.utils.chat_template_utils import render_jinja_template

TEMPLATES = {
    "smollm2": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "llama3": "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
    "llama3.1-like": """{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {{- raise_exception("no tools") }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "qwen2.5-like": """{%- if tools %}
    {{- '<|im_start|>system\\n# Tools' }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "mistral": "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}",
    "zephyr": "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}",
    "namespace": """{%- set ns = namespace(found=false, n=0) -%}
{%- for m in messages -%}
{%- if m.role == 'user' and not ns.found -%}{%- set ns.found = true -%}FIRST {% endif -%}
{%- set ns.n = ns.n + 1 -%}
{{ ns.n }}:{{ m.content.strip().split('</think>')[-1].lstrip('\\n') | upper }};
{%- endfor -%}
{%- if add_generation_prompt %} GO{% endif %}""",
}
CONVERSATIONS = [
    [{"role": "user", "content": "Hello there"}],
    [{"role": "user", "content": " padded \n"}, {"role": "assistant", "content": "An answer <b>&amp;</b> 'q' \"d\""}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}, {"role": "user", "content": "{{ x }} {% y %} \u00e9\u4e2d\U0001F600"}],
    [{"role": "assistant", "content": "x"}],
]
rows = []
for name, source in TEMPLATES.items():
    for conversation in CONVERSATIONS:
        for generation in (False, True):
            row = {"name": name, "template": source, "messages": conversation, "generation": generation}
            try:
                out, _ = render_jinja_template([conversation], chat_template=source, add_generation_prompt=generation, bos_token="<s>", eos_token="</s>")
                row["text"] = out[0]
            except Exception as e:
                row["error"] = str(e)
            rows.append(row)
json.dump(rows, open("templates.json", "w"), indent=0, ensure_ascii=True)

texts = open("train.txt", encoding="utf-8").read().split("\n")
t = Tokenizer(models.BPE())
t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
t.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=500, min_frequency=2, special_tokens=["<end>", "<user>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
d = json.loads(t.to_str())["model"]
json.dump({"vocab": d["vocab"], "merges": [m if isinstance(m, str) else " ".join(m) for m in d["merges"]]}, open("trained.json", "w"), indent=0, ensure_ascii=True)
print(len(rows), "renders", len(d["merges"]), "merges")
