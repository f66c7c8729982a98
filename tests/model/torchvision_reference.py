#!/usr/bin/env python3
"""Reference numbers for the frozen encoders: random weights, inputs and what PyTorch makes of them.

    torchvision_reference.py FOLDER CASE...

Networks of torchvision where it has them; what it lacks (LayerScale, registers, gated MLPs, pooling by average) is
computed by vit() below, written from timm's published arithmetic and checked against torchvision where both can.
For each case it writes CASE.json (an encoder's description), CASE.safetensors or CASE.pth (weights with timm's or
torchvision's names) and CASE.io.safetensors (input: RGB in [0, 1], output: features). Needs python3-torchvision.
"""
import json
import struct
import sys

import torch
import torch.nn.functional as F
import torchvision

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
TYPES = {torch.float32: "F32", torch.float16: "F16"}


def save_safetensors(path, tensors):
    header, at = {}, 0
    for name, t in tensors.items():
        size = t.numel() * t.element_size()
        header[name] = {"dtype": TYPES[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for t in tensors.values():
            out.write(t.contiguous().numpy().tobytes())


def normalised(rgb):
    return (rgb - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)


def shake(state, generator):
    """Random values of ordinary size for everything, so that every tensor matters."""
    for name, t in state.items():
        if not t.is_floating_point():
            continue
        noise = torch.randn(t.shape, generator=generator)
        if name.endswith("running_var"):
            t.copy_(0.5 + torch.rand(t.shape, generator=generator))
        elif t.dim() >= 2 and t.shape[0] > 1:
            t.copy_(noise / (t[0].numel() ** 0.5))
        elif name.endswith("weight"):
            t.copy_(1 + 0.1 * noise)
        else:
            t.copy_(0.1 * noise)
    return state


# --- vision transformers ------------------------------------------------------------------------------------------

def timm_names(state):
    """torchvision's VisionTransformer -> timm's."""
    result = {}
    for name, t in state.items():
        if name.startswith("heads."):
            continue
        name = name.replace("class_token", "cls_token").replace("encoder.pos_embedding", "pos_embed")
        name = name.replace("conv_proj.", "patch_embed.proj.").replace("encoder.ln.", "norm.")
        name = name.replace("encoder.layers.encoder_layer_", "blocks.").replace(".ln_1.", ".norm1.")
        name = name.replace(".ln_2.", ".norm2.").replace(".self_attention.in_proj_", ".attn.qkv.")
        name = name.replace(".self_attention.out_proj.", ".attn.proj.")
        name = name.replace(".mlp.0.", ".mlp.fc1.").replace(".mlp.3.", ".mlp.fc2.")
        name = name.replace(".mlp.linear_1.", ".mlp.fc1.").replace(".mlp.linear_2.", ".mlp.fc2.")
        result[name] = t
    return result


def norm(x, w, name, eps):
    return F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], eps)


def vit(x, w, a):
    """timm's VisionTransformer.forward_features and the pooling of forward_head. x: normalised."""
    eps, heads = a.get("layer_norm_epsilon", 1e-6), a["heads"]
    x = F.conv2d(x, w["patch_embed.proj.weight"], w.get("patch_embed.proj.bias"), stride=a["patch_size"])
    grid = x.shape[-1]
    x = x.flatten(2).transpose(1, 2)
    prefix = [w[n].expand(len(x), -1, -1) for n in ("cls_token", "reg_token") if n in w]
    count = sum(p.shape[1] for p in prefix)
    pos = w["pos_embed"]
    own = count if a.get("prefix_position", True) else 0
    stored = int((pos.shape[1] - own) ** 0.5)
    if stored != grid:
        square = pos[:, own:].reshape(1, stored, stored, -1).permute(0, 3, 1, 2)
        square = F.interpolate(square, size=(grid, grid), mode="bicubic", antialias=True)
        pos = torch.cat([pos[:, :own], square.permute(0, 2, 3, 1).reshape(1, grid * grid, -1)], dim=1)
    if own == 0:
        x = torch.cat(prefix + [x + pos], dim=1)
    else:
        x = torch.cat(prefix + [x], dim=1) + pos
    if "norm_pre.weight" in w:
        x = norm(x, w, "norm_pre", eps)
    act = F.silu if a.get("activation") == "silu" else F.gelu
    for i in range(a["depth"]):
        b = "blocks.%d." % i
        y = F.linear(norm(x, w, b + "norm1", eps), w[b + "attn.qkv.weight"], w.get(b + "attn.qkv.bias"))
        batch, tokens, width = x.shape
        q, k, v = y.reshape(batch, tokens, 3, heads, width // heads).permute(2, 0, 3, 1, 4).unbind(0)
        if b + "attn.q_norm.weight" in w:
            q, k = norm(q, w, b + "attn.q_norm", eps), norm(k, w, b + "attn.k_norm", eps)
        y = torch.softmax(q @ k.transpose(-2, -1) * (width // heads) ** -0.5, dim=-1) @ v
        y = y.transpose(1, 2).reshape(batch, tokens, width)
        y = F.linear(y, w[b + "attn.proj.weight"], w[b + "attn.proj.bias"])
        x = x + y * w.get(b + "ls1.gamma", torch.ones(1))
        y = F.linear(norm(x, w, b + "norm2", eps), w[b + "mlp.fc1.weight"], w[b + "mlp.fc1.bias"])
        if a.get("mlp") == "gated":
            first, second = y.chunk(2, dim=-1)
            y = act(first) * second
        else:
            y = act(y)
        y = F.linear(y, w[b + "mlp.fc2.weight"], w[b + "mlp.fc2.bias"])
        x = x + y * w.get(b + "ls2.gamma", torch.ones(1))
    if not a.get("pool_norm", False):
        x = norm(x, w, "norm", eps)
    x = x[:, 0] if a.get("pooling", "token") == "token" else x[:, count:].mean(1)
    return norm(x, w, "fc_norm", eps) if a.get("pool_norm", False) else x


def random_vit(a, side, generator):
    width, hidden, w = a["width"], a["mlp_hidden"], {}

    def linear(name, out, into, bias=True):
        w[name + ".weight"] = torch.empty(out, into)
        if bias:
            w[name + ".bias"] = torch.empty(out)

    def layer_norm(name, size):
        w[name + ".weight"], w[name + ".bias"] = torch.empty(size), torch.empty(size)

    w["patch_embed.proj.weight"] = torch.empty(width, 3, a["patch_size"], a["patch_size"])
    if a.get("pre_norm"):
        layer_norm("norm_pre", width)
    else:
        w["patch_embed.proj.bias"] = torch.empty(width)
    prefix = 0
    if a.get("class_token", True):
        w["cls_token"], prefix = torch.empty(1, 1, width), 1
    if a.get("register_tokens", 0):
        w["reg_token"] = torch.empty(1, a["register_tokens"], width)
        prefix += a["register_tokens"]
    grid = side // a["patch_size"]
    w["pos_embed"] = torch.empty(1, grid * grid + (prefix if a.get("prefix_position", True) else 0), width)
    for i in range(a["depth"]):
        b = "blocks.%d." % i
        layer_norm(b + "norm1", width)
        layer_norm(b + "norm2", width)
        linear(b + "attn.qkv", 3 * width, width, a.get("qkv_bias", True))
        linear(b + "attn.proj", width, width)
        if a.get("qk_norm"):
            layer_norm(b + "attn.q_norm", width // a["heads"])
            layer_norm(b + "attn.k_norm", width // a["heads"])
        if a.get("layer_scale"):
            w[b + "ls1.gamma"], w[b + "ls2.gamma"] = torch.empty(width), torch.empty(width)
        linear(b + "mlp.fc1", hidden, width)
        linear(b + "mlp.fc2", width, hidden // 2 if a.get("mlp") == "gated" else hidden)
    layer_norm("fc_norm" if a.get("pool_norm") else "norm", width)
    shake(w, generator)
    for name in w:
        if name in ("cls_token", "reg_token", "pos_embed"):
            w[name].normal_(generator=generator)
        if name.endswith("gamma"):
            w[name].uniform_(0.2, 1.5, generator=generator)
    return w


TINY = {"patch_size": 8, "width": 32, "depth": 3, "heads": 4, "mlp_hidden": 64}
# Name: (architecture, side of the stored positions, side of the encoder's input, side of the patches given).
FEATURES = {
    "uni2": ({"mlp": "gated", "activation": "silu", "layer_scale": True, "register_tokens": 3,
              "prefix_position": False}, 48, 48, 48),
    "average": ({"pooling": "avg", "pool_norm": True, "qkv_bias": False}, 32, 32, 32),
    "average_before": ({"pooling": "avg", "class_token": False, "activation": "silu"}, 32, 32, 32),
    "registers": ({"register_tokens": 2, "qk_norm": True, "pooling": "avg"}, 32, 32, 32),
    "clip": ({"pre_norm": True, "layer_norm_epsilon": 1e-5}, 32, 32, 32),
    "larger_grid": ({"layer_scale": True}, 32, 56, 56),
    "smaller_grid": ({"register_tokens": 1, "prefix_position": False}, 64, 40, 40),
    "larger_patches": ({}, 32, 32, 75),
    "smaller_patches": ({}, 32, 32, 20),
    "bicubic_patches": ({}, 32, 32, 75),
    "gated_gelu": ({"mlp": "gated"}, 32, 32, 32),
}


def torchvision_vit(case, generator):
    if case == "vit_b_16":
        model, side = torchvision.models.vit_b_16(), 224
    elif case == "vit_l_16":
        model, side = torchvision.models.vit_l_16(), 224
    else:
        model = torchvision.models.vision_transformer.VisionTransformer(
            image_size=32, patch_size=8, num_layers=3, num_heads=4, hidden_dim=32, mlp_dim=64)
        side = 32
    model.eval()
    shake(model.state_dict(), generator)
    if case == "vit_l_16":  # half the disk; the values are the same for both readers
        for t in model.state_dict().values():
            t.copy_(t.half().float())
    model.heads = torch.nn.Identity()
    a = {"patch_size": model.patch_size, "width": model.hidden_dim, "depth": len(model.encoder.layers),
         "heads": model.encoder.layers[0].num_heads, "mlp_hidden": model.mlp_dim}
    return model, side, a


def make_vit(case, folder, generator):
    given = None
    if case in FEATURES:
        extra, stored, side, given = FEATURES[case]
        a = {**TINY, **extra}
        w = random_vit(a, stored, generator)
        run = lambda x: vit(x, w, a)
    else:
        model, side, a = torchvision_vit(case, generator)
        w = timm_names(model.state_dict())
        run = model
    rgb = torch.rand(3 if side < 100 else 2, 3, given or side, given or side, generator=generator)
    # Pillow's way of resampling, as timm prepares its inputs.
    mode = "bicubic" if case.startswith("bicubic") else "bilinear"
    sized = rgb
    if rgb.shape[-1] != side:
        sized = F.interpolate(rgb, size=(side, side), mode=mode, antialias=True).clamp(0, 1)
    out = run(normalised(sized))
    if case == "tiny":
        assert (vit(normalised(sized), w, a) - out).abs().max() < 1e-4, "vit() disagrees with torchvision"
    save_safetensors(f"{folder}/{case}.io.safetensors", {"input": rgb, "output": out})
    with open(f"{folder}/{case}.json", "w") as file:
        json.dump({"kind": "vit", "name": case, "input_side": side, "interpolation": mode, "vit": a}, file)
    if case == "vit_l_16":
        save_safetensors(f"{folder}/{case}.safetensors", {n: t.half() for n, t in w.items()})
    elif case == "vit_b_16":
        torch.save({"state_dict": {"module.model." + n: t for n, t in w.items()}}, f"{folder}/{case}.pth")
    else:
        save_safetensors(f"{folder}/{case}.safetensors", w)


# --- ResNets ------------------------------------------------------------------------------------------------------

def make_resnet(case, folder, generator):
    model = getattr(torchvision.models, case.split("_")[0])()
    model.eval()
    shake(model.state_dict(), generator)
    with torch.no_grad():  # keeps the sum of many branches of ordinary size
        for module in model.modules():
            for last in ("bn3", "bn2"):
                if hasattr(module, last):
                    getattr(module, last).weight.mul_(0.3)
                    break
    body = torch.nn.Sequential(*list(model.children())[: 7 if case.endswith("layer3") else 8])
    rgb = torch.rand(3, 3, 96, 96, generator=generator)
    out = body(normalised(rgb)).mean((2, 3))
    save_safetensors(f"{folder}/{case}.io.safetensors", {"input": rgb, "output": out})
    description = {"kind": case.split("_")[0], "name": case, "input_side": 96}
    if case.endswith("layer3"):
        description["stops_at_layer3"] = True
    with open(f"{folder}/{case}.json", "w") as file:
        json.dump(description, file)
    legacy = case == "resnet18"
    state = model.state_dict()
    if not legacy:
        state = {"teacher": {"backbone." + n: t for n, t in state.items()}, "student": {}}
    torch.save(state, f"{folder}/{case}.pth", _use_new_zipfile_serialization=not legacy)


def main():
    folder = sys.argv[1]
    torch.set_num_threads(2)
    with torch.no_grad():
        for number, case in enumerate(sys.argv[2:]):
            generator = torch.Generator().manual_seed(7 + number)
            (make_resnet if case.startswith("resnet") else make_vit)(case, folder, generator)


if __name__ == "__main__":
    main()
