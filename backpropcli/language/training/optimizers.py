"""The optimisers, each one definition in formulas of our own language, with its source and PyTorch's name for it."""

from __future__ import annotations

from backpropcli.language.training.settings import (
    COUNT,
    DECOUPLED,
    FROM_ZERO,
    MAXIMIZE,
    SWITCH,
    WEIGHT_DECAY,
    Setting,
    eps,
    share,
)
from backpropcli.language.training.training import Optimizer, Rule

CLIMB = Rule("g", "-g", "maximize")
DECAY = Rule("g", "g + weight_decay*p", "weight_decay")
BEFORE = (CLIMB, DECAY)
"""What comes before the rules of most optimisers, where its settings are on."""
COUPLED = Rule("g", "g + weight_decay*p", "weight_decay !decoupled_weight_decay")
APART = Rule("p", "p - lr*weight_decay*p", "weight_decay decoupled_weight_decay")
BETA1 = share("beta1", "How much of the mean of the gradients is kept.", 0.9)
BETA2 = share("beta2", "How much of the mean of their squares is kept.", 0.999)
MOMENTS = (Rule("m", "beta1*m + (1 - beta1)*g"), Rule("v", "beta2*v + (1 - beta2)*g**2"))
ADAM_STATE = (Rule("m", "0"), Rule("v", "0"), Rule("v_max", "0", "amsgrad"))
ADAM = (
    CLIMB,
    COUPLED,
    APART,
    *MOMENTS,
    Rule("m_hat", "m / (1 - beta1**t)"),
    Rule("v_hat", "v / (1 - beta2**t)", "!amsgrad"),
    Rule("v_max", "maximum(v_max, v)", "amsgrad"),
    Rule("v_hat", "v_max / (1 - beta2**t)", "amsgrad"),
    Rule("p", "p - lr * m_hat / (sqrt(v_hat) + eps)"),
)
AMSGRAD = Setting("amsgrad", SWITCH, "Whether v only grows (Reddi et al. 2018).", False)
SAME = "the same mathematics; foreach, fused, capturable and differentiable are ways to run it"

OPTIMIZERS = (
    Optimizer(
        "gradient_descent",
        "a step against the gradient",
        "Cauchy 1847; Rumelhart, Hinton and Williams 1986",
        (WEIGHT_DECAY, MAXIMIZE),
        (),
        (*BEFORE, Rule("p", "p - lr*g")),
        torch="SGD, whose lr is 0.001 where nobody says it; here it has to be said",
        aliases=("sgd", "gd"),
    ),
    Optimizer(
        "momentum",
        "a heavy ball: the step remembers those before it",
        "Polyak 1964; Sutskever et al. 2013",
        (
            share("momentum", "How much of the last step is kept.", 0.9),
            share("dampening", "How much of the gradient is left out.", 0.0),
            WEIGHT_DECAY,
            MAXIMIZE,
        ),
        (Rule("v", "0"),),
        (
            *BEFORE,
            Rule("v", "momentum*v + g", "!dampening"),
            Rule("v", "where(t == 1, g, momentum*v + (1 - dampening)*g)", "dampening"),
            Rule("p", "p - lr*v"),
        ),
        torch="SGD(momentum=0.9), whose momentum is 0 where nobody says it",
        aliases=("heavy_ball",),
    ),
    Optimizer(
        "nesterov",
        "momentum that looks ahead: the gradient counts as if the step had begun",
        "Nesterov 1983, as in Sutskever et al. 2013",
        (share("momentum", "How much of the last step is kept.", 0.9), WEIGHT_DECAY, MAXIMIZE),
        (Rule("v", "0"),),
        (*BEFORE, Rule("v", "momentum*v + g"), Rule("p", "p - lr*(g + momentum*v)")),
        torch="SGD(momentum=0.9, nesterov=True)",
        aliases=("nag",),
    ),
    Optimizer(
        "adagrad",
        "smaller steps for parameters whose gradients have been large",
        "Duchi, Hazan and Singer 2011",
        (
            Setting("lr_decay", FROM_ZERO, "How fast the learning rate falls.", 0.0),
            Setting("initial_accumulator_value", FROM_ZERO, "What the sum of squares starts as.", 0.0),
            eps(1e-10),
            WEIGHT_DECAY,
            MAXIMIZE,
        ),
        (Rule("s", "initial_accumulator_value"),),
        (
            *BEFORE,
            Rule("s", "s + g**2"),
            Rule("lr", "lr / (1 + (t - 1)*lr_decay)", "lr_decay"),
            Rule("p", "p - lr * g / (sqrt(s) + eps)"),
        ),
        torch=f"Adagrad: {SAME}",
        lr=0.01,
    ),
    Optimizer(
        "rmsprop",
        "the gradient over the root of its mean square",
        "Tieleman and Hinton 2012, lecture 6e; centered: Graves 2013",
        (
            share("alpha", "How much of the mean square is kept.", 0.99),
            eps(1e-8),
            share("momentum", "How much of the last step is kept.", 0.0),
            Setting("centered", SWITCH, "Whether the mean gradient is taken off.", False),
            WEIGHT_DECAY,
            MAXIMIZE,
        ),
        (Rule("v", "0"), Rule("a", "0", "centered"), Rule("b", "0", "momentum")),
        (
            *BEFORE,
            Rule("v", "alpha*v + (1 - alpha)*g**2"),
            Rule("d", "sqrt(v) + eps", "!centered"),
            Rule("a", "alpha*a + (1 - alpha)*g", "centered"),
            Rule("d", "sqrt(v - a**2) + eps", "centered"),
            Rule("p", "p - lr * g / d", "!momentum"),
            Rule("b", "momentum*b + g / d", "momentum"),
            Rule("p", "p - lr*b", "momentum"),
        ),
        torch=f"RMSprop: {SAME}",
        lr=0.01,
    ),
    Optimizer(
        "adadelta",
        "the gradient in units of the last steps",
        "Zeiler 2012, arXiv:1212.5701",
        (share("rho", "How much of the mean squares is kept.", 0.9), eps(1e-6), WEIGHT_DECAY, MAXIMIZE),
        (Rule("v", "0"), Rule("u", "0")),
        (
            *BEFORE,
            Rule("v", "rho*v + (1 - rho)*g**2"),
            Rule("s", "sqrt(u + eps) / sqrt(v + eps) * g"),
            Rule("u", "rho*u + (1 - rho)*s**2"),
            Rule("p", "p - lr*s"),
        ),
        torch=f"Adadelta: {SAME}",
        lr=1.0,
    ),
    Optimizer(
        "adam",
        "the mean gradient over the root of the mean square, both corrected for their start at 0",
        "Kingma and Ba 2015, arXiv:1412.6980",
        (BETA1, BETA2, eps(1e-8), AMSGRAD, WEIGHT_DECAY, DECOUPLED, MAXIMIZE),
        ADAM_STATE,
        ADAM,
        torch=f"Adam: {SAME}",
        lr=0.001,
    ),
    Optimizer(
        "adamw",
        "adam, whose weight decay leaves the means alone",
        "Loshchilov and Hutter 2019, arXiv:1711.05101",
        (
            BETA1,
            BETA2,
            eps(1e-8),
            AMSGRAD,
            WEIGHT_DECAY._replace(default=0.01),
            DECOUPLED._replace(default=True),
            MAXIMIZE,
        ),
        ADAM_STATE,
        ADAM,
        torch=f"AdamW: {SAME}",
        lr=0.001,
    ),
    Optimizer(
        "adamax",
        "adam with the largest gradient in place of the mean square",
        "Kingma and Ba 2015, section 7.1",
        (BETA1, BETA2, eps(1e-8), WEIGHT_DECAY, MAXIMIZE),
        (Rule("m", "0"), Rule("u", "0")),
        (
            *BEFORE,
            MOMENTS[0],
            Rule("u", "maximum(beta2*u, abs(g) + eps)"),
            Rule("m_hat", "m / (1 - beta1**t)"),
            Rule("p", "p - lr * m_hat / u"),
        ),
        torch=f"Adamax: {SAME}; the paper has no eps",
        lr=0.002,
    ),
    Optimizer(
        "nadam",
        "adam with Nesterov's look ahead",
        "Dozat 2016",
        (
            BETA1,
            BETA2,
            eps(1e-8),
            Setting("momentum_decay", FROM_ZERO, "How fast the look ahead reaches beta1.", 0.004),
            WEIGHT_DECAY,
            DECOUPLED,
            MAXIMIZE,
        ),
        (Rule("m", "0"), Rule("v", "0"), Rule("product", "1")),
        (
            CLIMB,
            COUPLED,
            APART,
            Rule("mu", "beta1 * (1 - 0.96**(t*momentum_decay) / 2)"),
            Rule("mu_next", "beta1 * (1 - 0.96**((t + 1)*momentum_decay) / 2)"),
            Rule("product", "product * mu"),
            *MOMENTS,
            Rule("m_hat", "mu_next * m / (1 - product*mu_next) + (1 - mu) * g / (1 - product)"),
            Rule("v_hat", "v / (1 - beta2**t)"),
            Rule("p", "p - lr * m_hat / (sqrt(v_hat) + eps)"),
        ),
        torch=f"NAdam: {SAME}",
        lr=0.002,
    ),
    Optimizer(
        "radam",
        "adam that waits until the mean square can be trusted",
        "Liu et al. 2020, arXiv:1908.03265",
        (BETA1, BETA2, eps(1e-8), WEIGHT_DECAY, DECOUPLED, MAXIMIZE),
        (Rule("m", "0"), Rule("v", "0")),
        (
            CLIMB,
            COUPLED,
            APART,
            *MOMENTS,
            Rule("m_hat", "m / (1 - beta1**t)"),
            Rule("rho_inf", "2 / (1 - beta2) - 1"),
            Rule("rho", "rho_inf - 2*t*beta2**t / (1 - beta2**t)"),
            Rule("r", "sqrt(maximum(0, (rho - 4)*(rho - 2)*rho_inf / ((rho_inf - 4)*(rho_inf - 2)*rho)))"),
            Rule("step", "where(rho > 5, r * sqrt(1 - beta2**t) / (sqrt(v) + eps), 1)"),
            Rule("p", "p - lr * m_hat * step"),
        ),
        torch=f"RAdam: {SAME}",
        lr=0.001,
    ),
    Optimizer(
        "lbfgs",
        "the whole loss's curvature from the last steps, with a line search; runs in SciPy",
        "Liu and Nocedal 1989; Byrd, Lu, Nocedal and Zhu 1995",
        (
            Setting("memory", COUNT, "How many of the last steps shape the next one.", 10),
            Setting("scale", SWITCH, "Whether a parameter is counted in units of its start.", True),
            Setting("tries", COUNT, "Losses that a line search may cost.", 50),
        ),
        (),
        (),
        torch="LBFGS, with another line search: its numbers differ",
        lr=1.0,
        aliases=("l_bfgs",),
    ),
)
"""All of them; one without rules (`update` is empty) is no formula an entry, and runs elsewhere."""

NAMED = {name: optimizer for optimizer in OPTIMIZERS for name in (optimizer.name, *optimizer.aliases)}
