"""PyTorch's functions as named formulas: the same text, evaluated by PyTorch, has the same values and gradients."""

from __future__ import annotations

import pytest
from test_pytorch_calls import test_the_same_text_in_pytorch as same_text

FUNCTIONS = """
F.layer_norm(x, (4,), v, v, 0.01)
F.layer_norm(x, (3, 4))
F.rms_norm(x, (4,), v)
F.group_norm(s, 3, eps=0.1)
F.instance_norm(x)
F.local_response_norm(s, 2, alpha=0.5)
F.normalize(x)
F.normalize(x, p=3.0, dim=-1)
F.normalize(M, dim=0, p=1.0)
F.cosine_similarity(x, q)
F.cosine_similarity(x, q, dim=-1)
F.cosine_similarity(v, M, dim=-1)
F.pairwise_distance(x, q)
F.pairwise_distance(x, q, p=1.0, keepdim=True)
F.pairwise_distance(M, v, 3.0)
F.glu(x)
F.glu(s, dim=2)
F.linear(x, C)
F.linear(x, C, s[0, 0])
F.embedding(X, C)
F.embedding(X, C, padding_idx=3)
F.one_hot(y, num_classes=5) * p
F.scaled_dot_product_attention(x, q, q)
F.scaled_dot_product_attention(x, q, x, scale=0.3)
F.scaled_dot_product_attention(x, q, x, is_causal=True)
F.scaled_dot_product_attention(x, q, x, m[:, None] * 1.0)
F.triplet_margin_loss(x[0], q[0], x[1], margin=2.0)
F.triplet_margin_loss(x[0], q[0], x[1], margin=2.0, swap=True, p=1.0)
F.margin_ranking_loss(x[0], q[0], (x[1] > 0) * 2.0 - 1, margin=0.4)
F.cosine_embedding_loss(x[0], q[0], 1 - torch.where(m[0] > 0, 0.0, 2.0), margin=-0.3)
F.binary_cross_entropy(torch.sigmoid(x), torch.sigmoid(q).detach())
F.binary_cross_entropy_with_logits(x, torch.sigmoid(q).detach(), pos_weight=v.abs().detach(), reduction='sum')
F.cross_entropy(p, y)
F.cross_entropy(p, y, reduction='sum')
F.cross_entropy(p, y, label_smoothing=0.2)
F.cross_entropy(p, y, weight=p[0].detach())
F.cross_entropy(p, y, ignore_index=4)
F.cross_entropy(x, torch.softmax(q, dim=1))
F.cross_entropy(p.T[None, :], torch.tensor([[0, 1, 3]]) + 0)
F.nll_loss(p.log(), y)
F.kl_div(p.log(), p, reduction='batchmean')
F.mse_loss(x, q)
F.l1_loss(x, q, reduction='none')
F.smooth_l1_loss(x, q, beta=0.3)
F.huber_loss(x, q, delta=0.7, reduction='sum')
F.gaussian_nll_loss(x, q, x.exp(), full=True)
F.poisson_nll_loss(x, torch.exp(q), full=True)
F.multi_margin_loss(p, y, p=2)
F.soft_margin_loss(x, torch.sign(q).detach())
""".strip().splitlines()


@pytest.mark.parametrize("text", FUNCTIONS)
def test_the_same_text_in_pytorch(text: str) -> None:
    same_text(text)
