"""A language model of a hundred thousand random weights, in the format of llama.cpp: it babbles, and never ends."""

from pathlib import Path

#: Width, heads, blocks and width within a block.
WIDTH, HEADS, BLOCKS, INNER = 64, 4, 2, 128
CONTEXT = 8192
_TEXT = """
river stone light water night morning field bird wind hill road bridge snow garden window letter song
walks sings falls turns opens waits carries follows finds keeps slow bright cold quiet green old near
"""
WORDS = _TEXT.split()
#: What holds for tokens that are no words: with the constant that every embedding has, it makes them unlikely.
_SHUNNED = -12.0


def write_tiny_model(path: Path) -> None:
    """Writes the same model each time."""
    import gguf
    import numpy as np

    chance = np.random.default_rng(5)
    tokens, kinds = _vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(BLOCKS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(place) for place in range(len(tokens))])
    writer.add_token_types(kinds)
    for add, token in ((writer.add_unk_token_id, 0), (writer.add_bos_token_id, 1), (writer.add_eos_token_id, 2)):
        add(token)

    def weights(*shape: int, scale: float = 0.1) -> "np.ndarray":
        return (chance.standard_normal(shape) * scale).astype(np.float32)

    embedding, output = weights(len(tokens), WIDTH, scale=1.0), weights(len(tokens), WIDTH, scale=0.3)
    embedding[:, 0], output[:, 0] = 4.0, 0.0
    output[: len(tokens) - len(WORDS), 0] = _SHUNNED
    tensors = {"token_embd": embedding, "output": output, "output_norm": np.ones(WIDTH, np.float32)}
    for block in range(BLOCKS):
        tensors |= {
            f"blk.{block}.{name}": weights(WIDTH, WIDTH) for name in ("attn_q", "attn_k", "attn_v", "attn_output")
        }
        tensors |= {f"blk.{block}.{name}": weights(INNER, WIDTH) for name in ("ffn_gate", "ffn_up")}
        tensors[f"blk.{block}.ffn_down"] = weights(WIDTH, INNER)
        tensors |= {f"blk.{block}.{name}": np.ones(WIDTH, np.float32) for name in ("attn_norm", "ffn_norm")}
    for name, values in tensors.items():
        writer.add_tensor(f"{name}.weight", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary() -> tuple[list[str], list[int]]:
    """Three that are unknown or mark begin and end, every byte, and the words: a word is what its pieces spell."""
    from gguf import TokenType

    marks = [("<unk>", TokenType.UNKNOWN), ("<s>", TokenType.CONTROL), ("</s>", TokenType.CONTROL)]
    single = [(f"<0x{byte:02X}>", TokenType.BYTE) for byte in range(256)]
    words = [(f"▁{word}", TokenType.NORMAL) for word in WORDS]
    return [token for token, _ in marks + single + words], [int(kind) for _, kind in marks + single + words]
