"""Wrong answers to rnn_from_scratch, as students type them; free names are those of the notebook."""
# ruff: noqa: RUF012 - a mutable class attribute is one of the mistakes

from __future__ import annotations

from gradekit.hidden import misconception

# --- tanh ---------------------------------------------------------------------------------------------------------


@misconception(
    "tanh",
    title="Derivative for an input that is already tanh",
    message="Your derivative would be right if its argument were already tanh(z). What is passed in here?",
    justification="1 - x**2 is the slope in terms of the output; derivative receives the pre-activation",
)
class TanhDerivativeOfOutput:
    def forward(self, x):
        return np.tanh(x)

    def derivative(self, x):
        return 1 - x**2

    def __call__(self, x):
        return self.forward(x)


@misconception(
    "tanh",
    title="tanh applied twice in the derivative",
    message=(
        "For small inputs your derivative is nearly right, for larger ones it is not. How many times is tanh applied?"
    ),
    justification="1 - tanh(tanh(x))**2",
)
class TanhAppliedTwice:
    def forward(self, x):
        return np.tanh(x)

    def derivative(self, x):
        h = self.forward(x)
        return 1 - np.tanh(h) ** 2

    def __call__(self, x):
        return self.forward(x)


@misconception(
    "tanh",
    title="Square missing in the derivative",
    message=(
        "Your derivative is right at 0 and too large for negative inputs. "
        "Can the slope of tanh differ between z and -z?"
    ),
    justification="1 - tanh(x) without the square",
)
class TanhDerivativeWithoutSquare:
    def forward(self, x):
        return np.tanh(x)

    def derivative(self, x):
        return 1 - np.tanh(x)

    def __call__(self, x):
        return self.forward(x)


@misconception(
    "tanh",
    title="Quotient of exponentials that overflow",
    message=(
        "Your tanh is right for moderate inputs and not a number for large ones. Which exponential overflows first?"
    ),
    justification="(e^x - e^-x) / (e^x + e^-x) is inf / inf beyond about 710",
)
class TanhFromExponentials:
    def forward(self, x):
        return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))

    def derivative(self, x):
        return 1 - self.forward(x) ** 2

    def __call__(self, x):
        return self.forward(x)


@misconception(
    "tanh",
    title="Derivative looks at the last forward call",
    message="Your derivative depends on what forward was called with before. Which of its inputs is it asked about?",
    justification="derivative reads a value that forward has stored, and ignores its argument when there is one",
)
class TanhRemembersForward:
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def derivative(self, x):
        if not hasattr(self, "out") or self.out.shape != x.shape:
            self.forward(x)
        return 1 - self.out**2

    def __call__(self, x):
        return self.forward(x)


@misconception(
    "tanh",
    title="Calling the object returns nothing",
    message="An object of your class gives None when it is called. Where does the value that you compute go?",
    justification="__call__ calls forward and has no return",
)
class TanhCallForgetsReturn:
    def forward(self, x):
        return np.tanh(x)

    def derivative(self, x):
        return 1 - np.tanh(x) ** 2

    def __call__(self, x):
        self.forward(x)


@misconception(
    "tanh",
    title="Calling the object gives the derivative",
    message="An object of your class gives the slope when it is called. Which of its two methods should a layer get?",
    justification="__call__ forwards to derivative",
)
class TanhCallIsDerivative:
    def forward(self, x):
        return np.tanh(x)

    def derivative(self, x):
        return 1 - np.tanh(x) ** 2

    def __call__(self, x):
        return self.derivative(x)


@misconception(
    "tanh",
    title="Result written over the argument",
    message="Your values are right, but after the call the caller's array holds them too. Who else still needs it?",
    justification="np.tanh(x, out=x): the cached pre-activation is lost",
)
class TanhInPlace:
    def forward(self, x):
        np.tanh(x, out=x)
        return x

    def derivative(self, x):
        return 1 - np.tanh(x) ** 2

    def __call__(self, x):
        return self.forward(x)


# --- softmax ------------------------------------------------------------------------------------------------------


@misconception(
    "softmax",
    title="Normalised over the wrong axis",
    message="Your columns sum to one, not your rows. Which index counts the samples?",
    justification="max and sum taken over axis 0",
)
def over_columns(x):
    e = np.exp(x - np.max(x, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


@misconception(
    "softmax",
    title="Normalised over the whole batch",
    message="All your entries together sum to one; with a single row that looks right. Try two rows.",
    justification="sum without an axis",
)
def over_everything(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


@misconception(
    "softmax",
    title="Denominator lost an axis",
    message="Numpy cannot line up your quotient, or does so along the wrong axis. What shape has your denominator?",
    justification="sum(axis=1) without keepdims: an error, or silently wrong where N equals n",
)
def without_keepdims(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1)


@misconception(
    "softmax",
    title="Exponential of large entries overflows",
    message="With entries near 1000 you get NaN. If one number is added to a whole row, what should change?",
    justification="no shift by the maximum",
)
def without_shift(x):
    e = np.exp(x)
    return e / np.sum(e, axis=1, keepdims=True)


@misconception(
    "softmax",
    title="One shift for all rows",
    message="A row whose entries all lie far below those of another row becomes NaN. Whose maximum does it need?",
    justification="shifted by the maximum of the batch: a row 1000 lower underflows to 0 / 0",
)
def one_shift_for_all_rows(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e, axis=1, keepdims=True)


@misconception(
    "softmax",
    title="Argument changed in place",
    message="The result is right, but the caller's array is not what it was. Which operator writes into its left side?",
    justification="x -= max changes the caller's array",
)
def shifts_in_place(x):
    x -= np.max(x, axis=1, keepdims=True)
    e = np.exp(x)
    return e / np.sum(e, axis=1, keepdims=True)


@misconception(
    "softmax",
    title="Exponential left out",
    message="Your rows sum to one, but some entries are negative. Which step makes every entry positive?",
    justification="x / sum(x)",
)
def ratios_without_exponential(x):
    return x / np.sum(x, axis=1, keepdims=True)


@misconception(
    "softmax",
    title="Sigmoid in place of softmax",
    message="Each of your entries depends on itself alone, so a row need not sum to one. What connects the classes?",
    justification="1 / (1 + exp(-x)), element by element",
)
def sigmoid_of_each(x):
    return 1 / (1 + np.exp(-x))


@misconception(
    "softmax",
    title="Shifted by each column's maximum",
    message=(
        "Your rows sum to one, but the entries of a row were not all shifted by the same number. Whose maximum is it?"
    ),
    justification="max over axis 0, sum over axis 1: the shift does not cancel",
)
def shift_by_column(x):
    e = np.exp(x - np.max(x, axis=0, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


@misconception(
    "softmax",
    title="Axis lost where there is one sample",
    message="A batch of several rows is right, one row alone loses an axis. Which shape does a batch of one have?",
    justification="np.squeeze on the result: (1, n) becomes (n,)",
)
def squeezes_a_single_row(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return np.squeeze(e / np.sum(e, axis=1, keepdims=True))


@misconception(
    "softmax",
    title="Large scores cut off",
    message=(
        "Two scores that differ by one, but are both very large, get the same probability. "
        "Does it matter how large scores are, or how far apart?"
    ),
    justification="np.clip(x, -500, 500) keeps exp finite and loses what is beyond",
)
def clips_large_scores(x):
    e = np.exp(np.clip(x, -500, 500))
    return e / np.sum(e, axis=1, keepdims=True)


# --- initialize ---------------------------------------------------------------------------------------------------


@misconception(
    "initialize",
    title="Variance used as the standard deviation",
    message="Your weights scatter too little. Is the number in the text a variance, or a standard deviation?",
    justification="randn * 2/(rows+columns), without the root",
)
def without_root(n_x, n_h, n_y):
    parameters = {}
    parameters["Wx"] = np.random.randn(n_h, n_x) * (2 / (n_h + n_x))
    parameters["Wh"] = np.random.randn(n_h, n_h) * (2 / (n_h + n_h))
    parameters["Wy"] = np.random.randn(n_y, n_h) * (2 / (n_y + n_h))
    parameters["bh"] = np.zeros((n_h, 1))
    parameters["by"] = np.zeros((n_y, 1))
    return parameters


@misconception(
    "initialize",
    title="Scale upside down",
    message=(
        "Your weights scatter far too much, the more so the larger the matrix. "
        "Should a larger layer have larger weights?"
    ),
    justification="randn * sqrt((rows+columns)/2), the reciprocal",
)
def root_of_reciprocal(n_x, n_h, n_y):
    return {
        "Wx": np.random.randn(n_h, n_x) / np.sqrt(2 / (n_h + n_x)),
        "Wh": np.random.randn(n_h, n_h) / np.sqrt(2 / (n_h + n_h)),
        "Wy": np.random.randn(n_y, n_h) / np.sqrt(2 / (n_y + n_h)),
        "bh": np.zeros((n_h, 1)),
        "by": np.zeros((n_y, 1)),
    }


@misconception(
    "initialize",
    title="Uniform instead of normal weights",
    message="None of your weights is negative. Look at their mean: what distribution does the text name?",
    justification="np.random.rand in place of randn",
)
def uniform_weights(n_x, n_h, n_y):
    return {
        "Wx": np.random.rand(n_h, n_x) * np.sqrt(2 / (n_h + n_x)),
        "Wh": np.random.rand(n_h, n_h) * np.sqrt(2 / (n_h + n_h)),
        "Wy": np.random.rand(n_y, n_h) * np.sqrt(2 / (n_y + n_h)),
        "bh": np.zeros((n_h, 1)),
        "by": np.zeros((n_y, 1)),
    }


@misconception(
    "initialize",
    title="All weights of a matrix equal",
    message="The entries of a matrix are all the same, so all hidden units would learn the same. Look at their spread.",
    justification="np.full with the standard deviation",
)
def constant_weights(n_x, n_h, n_y):
    return {
        "Wx": np.ones((n_h, n_x)) * np.sqrt(2 / (n_h + n_x)),
        "Wh": np.ones((n_h, n_h)) * np.sqrt(2 / (n_h + n_h)),
        "Wy": np.ones((n_y, n_h)) * np.sqrt(2 / (n_y + n_h)),
        "bh": np.zeros((n_h, 1)),
        "by": np.zeros((n_y, 1)),
    }


@misconception(
    "initialize",
    title="Weights start at zero",
    message="All weights are zero, so every hidden unit stays like its neighbours. What could tell them apart?",
    justification="np.zeros for the weights as well",
)
def zero_weights(n_x, n_h, n_y):
    return {
        "Wx": np.zeros((n_h, n_x)),
        "Wh": np.zeros((n_h, n_h)),
        "Wy": np.zeros((n_y, n_h)),
        "bh": np.zeros((n_h, 1)),
        "by": np.zeros((n_y, 1)),
    }


@misconception(
    "initialize",
    title="Drawn in another order",
    message=(
        "Your weights have the right spread but are not the expected draws. Read in which order they are to be drawn."
    ),
    justification="Wh is drawn before Wx",
)
def another_drawing_order(n_x, n_h, n_y):
    Wh = np.random.randn(n_h, n_h) * np.sqrt(2 / (n_h + n_h))
    Wx = np.random.randn(n_h, n_x) * np.sqrt(2 / (n_h + n_x))
    Wy = np.random.randn(n_y, n_h) * np.sqrt(2 / (n_y + n_h))
    return {"Wx": Wx, "Wh": Wh, "Wy": Wy, "bh": np.zeros((n_h, 1)), "by": np.zeros((n_y, 1))}


@misconception(
    "initialize",
    title="Biases drawn at random",
    message="Your biases are not zero. Do they need to be random, if the weights already differ?",
    justification="randn for bh and by, after the weights",
)
def random_biases(n_x, n_h, n_y):
    return {
        "Wx": np.random.randn(n_h, n_x) * np.sqrt(2 / (n_h + n_x)),
        "Wh": np.random.randn(n_h, n_h) * np.sqrt(2 / (n_h + n_h)),
        "Wy": np.random.randn(n_y, n_h) * np.sqrt(2 / (n_y + n_h)),
        "bh": np.random.randn(n_h, 1) * 0.01,
        "by": np.random.randn(n_y, 1) * 0.01,
    }


@misconception(
    "initialize",
    title="Biases without their second axis",
    message="Your biases have one axis only. Compare their shape with the table in the text.",
    justification="np.zeros(n_h) instead of (n_h, 1)",
)
def flat_biases(n_x, n_h, n_y):
    return {
        "Wx": np.random.randn(n_h, n_x) * np.sqrt(2 / (n_h + n_x)),
        "Wh": np.random.randn(n_h, n_h) * np.sqrt(2 / (n_h + n_h)),
        "Wy": np.random.randn(n_y, n_h) * np.sqrt(2 / (n_y + n_h)),
        "bh": np.zeros(n_h),
        "by": np.zeros(n_y),
    }


@misconception(
    "initialize",
    title="Weights with their axes exchanged",
    message="Your weight matrices are transposed. Which comes first in the text, what goes in or what comes out?",
    justification="Wx of shape (n_x, n_h) and Wy of shape (n_h, n_y)",
)
def transposed_weights(n_x, n_h, n_y):
    return {
        "Wx": np.random.randn(n_x, n_h) * np.sqrt(2 / (n_h + n_x)),
        "Wh": np.random.randn(n_h, n_h) * np.sqrt(2 / (n_h + n_h)),
        "Wy": np.random.randn(n_h, n_y) * np.sqrt(2 / (n_y + n_h)),
        "bh": np.zeros((n_h, 1)),
        "by": np.zeros((n_y, 1)),
    }


@misconception(
    "initialize",
    title="Seed set inside the function",
    message="Every call gives the same weights, whatever seed the caller chose. Who should decide on the seed?",
    justification="np.random.seed within the function",
)
def seeds_inside(n_x, n_h, n_y):
    np.random.seed(0)
    return {
        "Wx": np.random.randn(n_h, n_x) * np.sqrt(2 / (n_h + n_x)),
        "Wh": np.random.randn(n_h, n_h) * np.sqrt(2 / (n_h + n_h)),
        "Wy": np.random.randn(n_y, n_h) * np.sqrt(2 / (n_y + n_h)),
        "bh": np.zeros((n_h, 1)),
        "by": np.zeros((n_y, 1)),
    }


@misconception(
    "initialize",
    title="Own generator in place of numpy's global one",
    message=(
        "Your weights have the right spread, but seeding numpy does not repeat them. Where do your numbers come from?"
    ),
    justification="np.random.default_rng() is not reached by np.random.seed",
    random=True,
)
def draws_from_own_generator(n_x, n_h, n_y):
    rng = np.random.default_rng()
    return {
        "Wx": rng.normal(0, np.sqrt(2 / (n_h + n_x)), (n_h, n_x)),
        "Wh": rng.normal(0, np.sqrt(2 / (n_h + n_h)), (n_h, n_h)),
        "Wy": rng.normal(0, np.sqrt(2 / (n_y + n_h)), (n_y, n_h)),
        "bh": np.zeros((n_h, 1)),
        "by": np.zeros((n_y, 1)),
    }


@misconception(
    "initialize",
    title="One scale for all matrices",
    message=(
        "One of your matrices has the right spread, the others have that same one. Which sizes belong to each matrix?"
    ),
    justification="the scale of Wx is used for Wh and Wy too",
)
def one_scale_for_all(n_x, n_h, n_y):
    scale = np.sqrt(2 / (n_h + n_x))
    return {
        "Wx": np.random.randn(n_h, n_x) * scale,
        "Wh": np.random.randn(n_h, n_h) * scale,
        "Wy": np.random.randn(n_y, n_h) * scale,
        "bh": np.zeros((n_h, 1)),
        "by": np.zeros((n_y, 1)),
    }


@misconception(
    "initialize",
    title="Scale from the inputs alone",
    message="Your spread follows from the number of columns alone. Which two sizes does the text's formula use?",
    justification="He's sqrt(2 / columns) instead of sqrt(2 / (rows + columns))",
)
def scale_by_inputs(n_x, n_h, n_y):
    return {
        "Wx": np.random.randn(n_h, n_x) * np.sqrt(2 / n_x),
        "Wh": np.random.randn(n_h, n_h) * np.sqrt(2 / n_h),
        "Wy": np.random.randn(n_y, n_h) * np.sqrt(2 / n_h),
        "bh": np.zeros((n_h, 1)),
        "by": np.zeros((n_y, 1)),
    }


@misconception(
    "initialize",
    title="Small constant scale",
    message=(
        "All your matrices have the same small spread, whatever their size. What does the text's formula depend on?"
    ),
    justification="0.01 * randn",
)
def small_weights(n_x, n_h, n_y):
    return {
        "Wx": 0.01 * np.random.randn(n_h, n_x),
        "Wh": 0.01 * np.random.randn(n_h, n_h),
        "Wy": 0.01 * np.random.randn(n_y, n_h),
        "bh": np.zeros((n_h, 1)),
        "by": np.zeros((n_y, 1)),
    }


@misconception(
    "initialize",
    title="Uniform weights of the right variance",
    message=(
        "Mean and variance of your weights are as asked for, yet none of them is far from zero. "
        "Which distribution does the text name?"
    ),
    justification="np.random.uniform between plus and minus sqrt(3) standard deviations",
)
def uniform_of_the_right_variance(n_x, n_h, n_y):
    def draw(rows, columns):
        limit = np.sqrt(6 / (rows + columns))
        return np.random.uniform(-limit, limit, (rows, columns))

    return {
        "Wx": draw(n_h, n_x),
        "Wh": draw(n_h, n_h),
        "Wy": draw(n_y, n_h),
        "bh": np.zeros((n_h, 1)),
        "by": np.zeros((n_y, 1)),
    }


# --- rnn_layer ----------------------------------------------------------------------------------------------------


@misconception(
    "rnn_layer",
    title="Bias added as a column to rows",
    message=(
        "Your bias has shape (n_h, 1), the sum it is added to (N, n_h). Write down every shape: "
        "what lines up with what?"
    ),
    justification="bh and by not turned into rows: an error, or silently wrong where N equals n_h",
)
def bias_as_column(x_t, h_prev, parameters, act=Tanh()):
    Wx, Wh, Wy, bh, by = (parameters[k] for k in ("Wx", "Wh", "Wy", "bh", "by"))
    z_t = x_t @ Wx.T + h_prev @ Wh.T + bh
    h_t = act(z_t)
    yhat_t = softmax(h_t @ Wy.T + by.T)
    return yhat_t, h_t, z_t


@misconception(
    "rnn_layer",
    title="Weights used without transposing",
    message="Your product fits only where all sizes are equal. Write down the shapes of x_t and of each weight matrix.",
    justification="x_t @ Wx: an error, or silently wrong for square matrices",
)
def without_transposes(x_t, h_prev, parameters, act=Tanh()):
    Wx, Wh, Wy, bh, by = (parameters[k] for k in ("Wx", "Wh", "Wy", "bh", "by"))
    z_t = x_t @ Wx + h_prev @ Wh + bh.T
    h_t = act(z_t)
    yhat_t = softmax(h_t @ Wy + by.T)
    return yhat_t, h_t, z_t


@misconception(
    "rnn_layer",
    title="Hidden weights used without transposing",
    message="The part of z_t that comes from h_prev is wrong although the shapes fit. What does row i of Wh stand for?",
    justification="h_prev @ Wh: square, so no error tells",
)
def hidden_weights_untransposed(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"] + parameters["bh"].T
    h_t = act(z_t)
    yhat_t = softmax(h_t @ parameters["Wy"].T + parameters["by"].T)
    return yhat_t, h_t, z_t


@misconception(
    "rnn_layer",
    title="Both biases left out",
    message="Your layer is right only while the biases are zero. Which of the parameters do you never use?",
    justification="neither bh nor by is added",
)
def without_biases(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T
    h_t = act(z_t)
    yhat_t = softmax(h_t @ parameters["Wy"].T)
    return yhat_t, h_t, z_t


@misconception(
    "rnn_layer",
    title="Hidden bias left out",
    message="z_t is off by the same amounts in every row. Which of the parameters do you never use?",
    justification="bh is not added",
)
def without_hidden_bias(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T
    h_t = act(z_t)
    yhat_t = softmax(h_t @ parameters["Wy"].T + parameters["by"].T)
    return yhat_t, h_t, z_t


@misconception(
    "rnn_layer",
    title="Output bias left out",
    message="The state is right, the output is not. Which of the parameters do you never use?",
    justification="by is not added",
)
def without_output_bias(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T + parameters["bh"].T
    h_t = act(z_t)
    yhat_t = softmax(h_t @ parameters["Wy"].T)
    return yhat_t, h_t, z_t


@misconception(
    "rnn_layer",
    title="Results in another order",
    message="The three things that you return are right, but in another order. Which does the text name first?",
    justification="returns h_t, yhat_t, z_t",
)
def returns_in_another_order(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T + parameters["bh"].T
    h_t = act(z_t)
    yhat_t = softmax(h_t @ parameters["Wy"].T + parameters["by"].T)
    return h_t, yhat_t, z_t


@misconception(
    "rnn_layer",
    title="State returned before the activation",
    message="Your h_t is not within -1 and 1. Which of your values goes on to the next step?",
    justification="h_t is the pre-activation",
)
def state_before_activation(x_t, h_prev, parameters, act=Tanh()):
    h_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T + parameters["bh"].T
    z_t = h_t
    yhat_t = softmax(act(h_t) @ parameters["Wy"].T + parameters["by"].T)
    return yhat_t, h_t, z_t


@misconception(
    "rnn_layer",
    title="Output computed from the pre-activation",
    message="Both states are right, the output is not. Which of the two does the output layer see?",
    justification="Wy is applied to z_t",
)
def output_from_pre_activation(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T + parameters["bh"].T
    h_t = act(z_t)
    yhat_t = softmax(z_t @ parameters["Wy"].T + parameters["by"].T)
    return yhat_t, h_t, z_t


@misconception(
    "rnn_layer",
    title="Output computed from the previous state",
    message="Both states are right, but the output comes a step late. Which state does the output layer see?",
    justification="Wy is applied to h_prev",
)
def output_from_previous_state(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T + parameters["bh"].T
    h_t = act(z_t)
    yhat_t = softmax(h_prev @ parameters["Wy"].T + parameters["by"].T)
    return yhat_t, h_t, z_t


@misconception(
    "rnn_layer",
    title="Previous state left out",
    message="Your z_t does not change with h_prev. How does the layer learn of what came before?",
    justification="the product with Wh is missing",
)
def ignores_previous_state(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + parameters["bh"].T
    h_t = act(z_t)
    yhat_t = softmax(h_t @ parameters["Wy"].T + parameters["by"].T)
    return yhat_t, h_t, z_t


@misconception(
    "rnn_layer",
    title="Logits returned in place of probabilities",
    message="The rows of your output do not sum to one. What turns scores into probabilities?",
    justification="no softmax",
)
def returns_logits(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T + parameters["bh"].T
    h_t = act(z_t)
    yhat_t = h_t @ parameters["Wy"].T + parameters["by"].T
    return yhat_t, h_t, z_t


@misconception(
    "rnn_layer",
    title="Own softmax that overflows",
    message="With very large output weights you get NaN. You have a function that can cope: do you use it?",
    justification="exp and sum typed anew, without the shift",
)
def own_softmax_without_shift(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T + parameters["bh"].T
    h_t = act(z_t)
    e = np.exp(h_t @ parameters["Wy"].T + parameters["by"].T)
    return e / e.sum(axis=1, keepdims=True), h_t, z_t


@misconception(
    "rnn_layer",
    title="Always tanh, whatever act is",
    message="Your layer gives the same for every activation. Which argument do you never use?",
    justification="calls np.tanh and ignores act",
)
def always_tanh(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T + parameters["bh"].T
    h_t = np.tanh(z_t)
    yhat_t = softmax(h_t @ parameters["Wy"].T + parameters["by"].T)
    return yhat_t, h_t, z_t


@misconception(
    "rnn_layer",
    title="New state written over the previous one",
    message="After the call, the caller's h_prev holds the new state. Who still needs the old one?",
    justification="h_prev[:] = act(z_t)",
)
def overwrites_previous_state(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T + parameters["bh"].T
    h_prev[:] = act(z_t)
    yhat_t = softmax(h_prev @ parameters["Wy"].T + parameters["by"].T)
    return yhat_t, h_prev, z_t


@misconception(
    "rnn_layer",
    title="Own softmax with one shift for the whole batch",
    message=(
        "A sample whose scores all lie far below those of another becomes NaN. "
        "You have a function that can cope: do you use it?"
    ),
    justification="softmax typed anew, shifted by the maximum of the batch: a far lower row underflows to 0 / 0",
)
def own_softmax_with_one_shift(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T + parameters["bh"].T
    h_t = act(z_t)
    u_t = h_t @ parameters["Wy"].T + parameters["by"].T
    e = np.exp(u_t - np.max(u_t))
    return e / e.sum(axis=1, keepdims=True), h_t, z_t


@misconception(
    "rnn_layer",
    title="Axis lost where there is one sample",
    message="Batches of several samples are right, a single one loses an axis. Which shape does a batch of one have?",
    justification="np.squeeze on the results: (1, n_h) becomes (n_h,)",
)
def squeezes_a_single_sample(x_t, h_prev, parameters, act=Tanh()):
    z_t = x_t @ parameters["Wx"].T + h_prev @ parameters["Wh"].T + parameters["bh"].T
    h_t = act(z_t)
    yhat_t = softmax(h_t @ parameters["Wy"].T + parameters["by"].T)
    return np.squeeze(yhat_t), np.squeeze(h_t), np.squeeze(z_t)


# --- forward ------------------------------------------------------------------------------------------------------


@misconception(
    "forward",
    title="Previous state never updated",
    message="The first time step is right, every later one is wrong. Does step 2 know what step 1 found?",
    justification="h_prev stays zero in the loop",
)
def previous_state_never_updated(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    h_prev = np.zeros((N, n_h))
    hs, zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T):
        yhats[:, t], hs[:, t], zs[:, t] = rnn_layer(inputs[:, t], h_prev, parameters, act)
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="One array cached for every step",
    message=(
        "All time steps of your cached states are equal. Is a new array stored at each step, or one array many times?"
    ),
    justification="the same state array is appended T times and overwritten in place",
)
def one_state_cached_many_times(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    h = np.zeros((N, parameters["Wh"].shape[0]))
    hs, zs, yhats = [], [], []
    for t in range(T):
        yhat, h_t, z = rnn_layer(inputs[:, t], h, parameters, act)
        h[:] = h_t
        hs.append(h)
        zs.append(z)
        yhats.append(yhat)
    yhats = np.stack(yhats, axis=1)
    return yhats, {"hs": np.stack(hs, axis=1), "zs": np.stack(zs, axis=1), "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="Activation not passed on",
    message="forward gives the same for every activation. Does the layer get to know which one was asked for?",
    justification="rnn_layer is called without act",
)
def act_not_passed_on(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    h = np.zeros((N, n_h))
    hs, zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T):
        yhats[:, t], h, zs[:, t] = rnn_layer(inputs[:, t], h, parameters)
        hs[:, t] = h
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="State survives the call",
    message="A second call with the same inputs gives something else. Where does its first step take its state from?",
    justification="a mutable default argument keeps the last state",
)
def state_survives_the_call(inputs, parameters, act=Tanh(), state={}):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    h = state.get((N, n_h, n_y), np.zeros((N, n_h)))
    hs, zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T):
        yhats[:, t], h, zs[:, t] = rnn_layer(inputs[:, t], h, parameters, act)
        hs[:, t] = h
    state[(N, n_h, n_y)] = h
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="First state is not zero",
    message="Already the first time step is off. What does the text say about the state before it?",
    justification="h_0 is ones",
)
def starts_from_ones(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    h = np.ones((N, n_h))
    hs, zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T):
        yhats[:, t], h, zs[:, t] = rnn_layer(inputs[:, t], h, parameters, act)
        hs[:, t] = h
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="Time taken for the first axis",
    message="You step through the samples, not through time. Which axis of the inputs counts the time steps?",
    justification="loops over axis 0 and treats axis 1 as the batch",
)
def time_axis_first(inputs, parameters, act=Tanh()):
    T, N, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    h = np.zeros((N, n_h))
    hs, zs, yhats = np.zeros((T, N, n_h)), np.zeros((T, N, n_h)), np.zeros((T, N, n_y))
    for t in range(T):
        yhats[t], h, zs[t] = rnn_layer(inputs[t], h, parameters, act)
        hs[t] = h
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="Initial state kept in the cache",
    message="Your hs has one time step more than the sequence. Does the zero state before it belong there?",
    justification="hs begins with h_0",
)
def caches_initial_state_too(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    hs, zs, yhats = np.zeros((N, T + 1, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T):
        yhats[:, t], hs[:, t + 1], zs[:, t] = rnn_layer(inputs[:, t], hs[:, t], parameters, act)
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="hs and zs exchanged in the cache",
    message=(
        "The outputs are right, but two entries of the cache hold each other's values. "
        "What comes out of the layer when?"
    ),
    justification="the layer's second and third result are stored the wrong way round",
)
def swaps_states_in_cache(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    h = np.zeros((N, n_h))
    hs, zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T):
        yhats[:, t], h, hs[:, t] = rnn_layer(inputs[:, t], h, parameters, act)
        zs[:, t] = h
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="Last time step missing",
    message="The last time step of your outputs is all zeros. How many steps does your loop take?",
    justification="range(T - 1)",
)
def stops_one_step_early(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    h = np.zeros((N, n_h))
    hs, zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T - 1):
        yhats[:, t], h, zs[:, t] = rnn_layer(inputs[:, t], h, parameters, act)
        hs[:, t] = h
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="Sequence read from its end",
    message="Your first output already depends on the last input. In which direction does time run in a forward pass?",
    justification="reversed(range(T))",
)
def runs_backwards(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    h = np.zeros((N, n_h))
    hs, zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in reversed(range(T)):
        yhats[:, t], h, zs[:, t] = rnn_layer(inputs[:, t], h, parameters, act)
        hs[:, t] = h
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="Only the last step returned",
    message="Your outputs lack the time axis. How many predictions does a sequence of T steps get?",
    justification="returns the last step's output",
)
def returns_last_step_only(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    h = np.zeros((N, n_h))
    hs, zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T):
        yhat, h, zs[:, t] = rnn_layer(inputs[:, t], h, parameters, act)
        hs[:, t], yhats[:, t] = h, yhat
    return yhat, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="Cache not returned",
    message="You return the outputs alone. What will the backward pass need besides them?",
    justification="returns yhats only",
)
def returns_no_cache(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    h = np.zeros((N, parameters["Wh"].shape[0]))
    yhats = np.zeros((N, T, parameters["Wy"].shape[0]))
    for t in range(T):
        yhats[:, t], h, _ = rnn_layer(inputs[:, t], h, parameters, act)
    return yhats


@misconception(
    "forward",
    title="State kept among the parameters",
    message="After the call, the caller's parameters hold something more. Is the state a thing that is learnt?",
    justification="writes parameters['h']: gradient descent then looks for a gradient of it",
)
def keeps_state_in_parameters(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    parameters["h"] = np.zeros((N, n_h))
    hs, zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T):
        yhats[:, t], parameters["h"], zs[:, t] = rnn_layer(inputs[:, t], parameters["h"], parameters, act)
        hs[:, t] = parameters["h"]
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="State forgotten now and then",
    message=(
        "The first steps of a sequence are right; further on it starts from nothing again. "
        "When does the text allow the state to become zero?"
    ),
    justification="h is set to zero every six steps",
)
def forgets_now_and_then(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    h = np.zeros((N, n_h))
    hs, zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T):
        if t % 6 == 0:
            h = np.zeros((N, n_h))
        yhats[:, t], h, zs[:, t] = rnn_layer(inputs[:, t], h, parameters, act)
        hs[:, t] = h
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


@misconception(
    "forward",
    title="Axis lost where there is one sequence",
    message="Batches of several sequences are right, a single one loses an axis. Which shape does a batch of one have?",
    justification="the outputs are squeezed along the batch axis where it is 1",
)
def squeezes_the_batch(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    h = np.zeros((N, n_h))
    hs, zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T):
        yhats[:, t], h, zs[:, t] = rnn_layer(inputs[:, t], h, parameters, act)
        hs[:, t] = h
    cache = {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}
    return yhats[0] if N == 1 else yhats, cache


@misconception(
    "forward",
    title="Axis lost where there is one step",
    message="Sequences of several steps are right, those of one step lose an axis. Which shape has a sequence of one?",
    justification="the outputs are squeezed along the time axis where it is 1",
)
def squeezes_a_single_step(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_h, n_y = parameters["Wh"].shape[0], parameters["Wy"].shape[0]
    h = np.zeros((N, n_h))
    hs, zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T):
        yhats[:, t], h, zs[:, t] = rnn_layer(inputs[:, t], h, parameters, act)
        hs[:, t] = h
    cache = {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}
    return yhats[:, 0] if T == 1 else yhats, cache


# --- compute_cost -------------------------------------------------------------------------------------------------


@misconception(
    "compute_cost",
    title="Mean over every entry",
    message="Your cost is too small by the number of classes. Is it a mean per time step, or per entry?",
    justification="np.mean over all N * T * n_y entries",
)
def mean_over_all_entries(y, yhats):
    return -np.mean(y * np.log(yhats + 1e-12))


@misconception(
    "compute_cost",
    title="Divided by the batch only",
    message="Your cost grows with the length of the sequence. How many predictions is it a mean of?",
    justification="divided by N instead of N * T",
)
def divided_by_batch_only(y, yhats):
    return -np.sum(y * np.log(yhats + 1e-12)) / y.shape[0]


@misconception(
    "compute_cost",
    title="Divided by the sequence length only",
    message="Your cost grows with the number of samples. How many predictions is it a mean of?",
    justification="divided by T instead of N * T",
)
def divided_by_time_only(y, yhats):
    return -np.sum(y * np.log(yhats + 1e-12)) / y.shape[1]


@misconception(
    "compute_cost",
    title="Sum in place of a mean",
    message="Your cost grows with the batch and with the sequence. Should twice the data cost twice as much?",
    justification="not divided at all",
)
def not_divided(y, yhats):
    return -np.sum(y * np.log(yhats + 1e-12))


@misconception(
    "compute_cost",
    title="Logarithm of zero",
    message="Where an output is exactly 0 you get NaN. Can you keep the logarithm's argument away from 0?",
    justification="0 * log(0) is NaN",
)
def logarithm_of_zero(y, yhats):
    N, T, _ = y.shape
    return -np.sum(y * np.log(yhats)) / (N * T)


@misconception(
    "compute_cost",
    title="Targets and outputs exchanged",
    message="Your cost is very large however good the prediction is. Whose logarithm is taken?",
    justification="outputs * log(targets)",
)
def arguments_swapped(y, yhats):
    N, T, _ = y.shape
    return -np.sum(yhats * np.log(y + 1e-12)) / (N * T)


@misconception(
    "compute_cost",
    title="Negative cost",
    message="Your cost is below zero. Can a cross-entropy be negative?",
    justification="the minus sign is missing",
)
def wrong_sign(y, yhats):
    N, T, _ = y.shape
    return np.sum(y * np.log(yhats + 1e-12)) / (N * T)


@misconception(
    "compute_cost",
    title="Squared error in place of cross-entropy",
    message="Your cost has no logarithm in it. Which measure between two distributions does the text name?",
    justification="sum of squared differences per step",
)
def squared_error(y, yhats):
    N, T, _ = y.shape
    return np.sum((y - yhats) ** 2) / (N * T)


@misconception(
    "compute_cost",
    title="Every class taken for a yes-or-no question",
    message="Your cost also counts the classes that are not the target. How many terms of a step's sum should be left?",
    justification="binary cross-entropy, with the term (1 - y) * log(1 - p)",
)
def binary_cross_entropy(y, yhats):
    N, T, _ = y.shape
    eps = 1e-12
    terms = y * np.log(yhats + eps) + (1 - y) * np.log(1 - yhats + eps)
    return -np.sum(terms) / (N * T)


@misconception(
    "compute_cost",
    title="Only the last step counts",
    message="Your cost does not change with earlier outputs. Which time steps make a prediction?",
    justification="the cross-entropy of the last time step",
)
def last_step_only(y, yhats):
    return -np.sum(y[:, -1] * np.log(yhats[:, -1] + 1e-12)) / y.shape[0]


@misconception(
    "compute_cost",
    title="Cost in bits",
    message="Your cost is larger than it should be by one factor, the same for all data. Which logarithm gives nats?",
    justification="np.log2",
)
def in_bits(y, yhats):
    N, T, _ = y.shape
    return -np.sum(y * np.log2(yhats + 1e-12)) / (N * T)


@misconception(
    "compute_cost",
    title="Too large an epsilon",
    message=(
        "Your cost is nearly right, and always a little too small. How large is the number that guards the logarithm?"
    ),
    justification="adds 0.001 within the logarithm",
)
def large_epsilon(y, yhats):
    N, T, _ = y.shape
    return -np.sum(y * np.log(yhats + 1e-3)) / (N * T)


@misconception(
    "compute_cost",
    title="Only the likeliest class of a target counts",
    message=(
        "Your cost is right while a target names one class, and not where it gives each class a part. "
        "What is summed over?"
    ),
    justification="picks the output at the argmax of the target",
)
def cost_of_argmax(y, yhats):
    right = np.argmax(y, axis=2)[:, :, None]
    picked = np.take_along_axis(yhats, right, axis=2)
    return -np.mean(np.log(picked + 1e-12))


@misconception(
    "compute_cost",
    title="Outputs changed in place",
    message="The cost is right, but the caller's outputs are not what they were. Who else still needs them?",
    justification="np.clip(..., out=outputs)",
)
def clips_in_place(y, yhats):
    np.clip(yhats, 1e-12, 1, out=yhats)
    return -np.sum(y * np.log(yhats)) / (y.shape[0] * y.shape[1])


@misconception(
    "compute_cost",
    title="Cost in decimal digits",
    message="Your cost is smaller than it should be by one factor, the same for all data. Which logarithm gives nats?",
    justification="np.log10",
)
def in_decimal_digits(y, yhats):
    N, T, _ = y.shape
    return -np.sum(y * np.log10(yhats + 1e-12)) / (N * T)


@misconception(
    "compute_cost",
    title="An array with one number in it",
    message="The number is right, but it sits in an array with an axis of its own. How many numbers is a cost?",
    justification="shape (1,) where a single number is asked for",
)
def as_an_array_of_one(y, yhats):
    N, T, _ = y.shape
    return np.reshape(-np.sum(y * np.log(yhats + 1e-12)) / (N * T), (1,))


@misconception(
    "compute_cost",
    title="Guard above the text's bound",
    message=(
        "Your cost is right for moderate probabilities and too small for tiny ones. "
        "How large may the number be that guards the logarithm?"
    ),
    justification="adds 1e-6, where the text allows 1e-8",
)
def guard_above_the_bound(y, yhats):
    N, T, _ = y.shape
    return -np.sum(y * np.log(yhats + 1e-6)) / (N * T)


@misconception(
    "compute_cost",
    title="Sizes read from an array that lost its axes",
    message="Several sequences of several steps are right, a single one is not. Which axes are left when a size is 1?",
    justification="np.squeeze on the targets before their sizes are read",
)
def squeezes_a_single_sequence(y, yhats):
    log_probabilities = np.log(yhats + 1e-12)
    steps = np.prod(np.squeeze(y).shape[:2])
    return -np.sum(y * log_probabilities) / steps


# --- backward -----------------------------------------------------------------------------------------------------


@misconception(
    "backward",
    title="Not averaged",
    message="Every gradient is too large by the same number. Compare that number with the sizes: which are they?",
    justification="no 1/(N*T)",
)
def not_averaged(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = yhats[:, t] - y[:, t]
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Averaged over the batch only",
    message=(
        "Every gradient is too large by the same number, and it grows with the sequence. Of what is the cost a mean?"
    ),
    justification="1/N instead of 1/(N*T)",
)
def averaged_over_batch_only(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / N
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Each step overwrites the gradients",
    message="Your gradients are those of a single time step. The weights are shared: what happens to their gradients?",
    justification="= in place of +=",
)
def overwrites_instead_of_adding(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] = dy.T @ hs[:, t]
        grads["dby"] = dy.sum(axis=0)[:, None]
        grads["dWx"] = dz.T @ inputs[:, t]
        grads["dWh"] = dz.T @ h_prev
        grads["dbh"] = dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Nothing carried back through time",
    message="Only the output layer's gradients are right. Which later costs does a state have a part in?",
    justification="the gradient from step t+1 is never added",
)
def no_carry_through_time(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"]) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
    return grads


@misconception(
    "backward",
    title="State's gradient carried past the activation",
    message="One step alone is right, several are not. On its way to the step before, where does tanh' sit?",
    justification="carries dh @ Wh instead of dz @ Wh",
)
def carries_state_gradient(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dh = dy @ parameters["Wy"] + dh_next
        dz = dh * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dh @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Hidden weights the wrong way round on the way back",
    message=(
        "One step alone is right, several are not. The forward pass uses Wh one way: which way does the gradient go?"
    ),
    justification="carries dz @ Wh.T; square, so no error tells",
)
def carries_through_transposed_weights(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"].T
    return grads


@misconception(
    "backward",
    title="Own state in place of the previous one",
    message="Only dWh is wrong. Which state is Wh multiplied with in the forward pass?",
    justification="h_t for h_{t-1} in dWh",
)
def state_instead_of_previous(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ hs[:, t]
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Last state taken for the one before the first",
    message=(
        "Only dWh is wrong, and only by the first time step. What is hs[:, -1], and what came before the first step?"
    ),
    justification="hs[:, t - 1] at t = 0",
)
def last_state_before_first(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ hs[:, t - 1]
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Derivative of the activation at the state",
    message="The hidden layer's gradients are off by some percent. At what is the activation's derivative taken?",
    justification="act_derivative(hs) instead of act_derivative(zs)",
)
def derivative_at_state(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, yhats, inputs = cache["hs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(hs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Activation's derivative left out",
    message="The output layer is right, the hidden layer's gradients are too large. What lies between h_t and z_t?",
    justification="no factor tanh'",
)
def without_activation_derivative(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, yhats, inputs = cache["hs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = dy @ parameters["Wy"] + dh_next
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Bias gradients averaged once more",
    message=(
        "The weights' gradients are right, the biases' are too small. Is the average over the batch already in there?"
    ),
    justification="mean over the batch where the sum belongs",
)
def bias_gradient_averaged(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.mean(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.mean(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Bias gradients summed over everything",
    message="All entries of a bias gradient are the same number. Over which axis is the sum, and which one stays?",
    justification="np.sum without an axis",
)
def bias_gradient_in_total(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += np.sum(dy)
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += np.sum(dz)
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Bias gradients lie on their side",
    message="The values of your bias gradients are right, their shape is not. Which shape has a parameter's gradient?",
    justification="dbh of shape (1, n_h)",
)
def bias_gradient_as_row(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"dWx": 0, "dWh": 0, "dWy": 0, "dbh": 0, "dby": 0}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] = grads["dWy"] + dy.T @ hs[:, t]
        grads["dby"] = grads["dby"] + np.sum(dy, axis=0, keepdims=True)
        grads["dWx"] = grads["dWx"] + dz.T @ inputs[:, t]
        grads["dWh"] = grads["dWh"] + dz.T @ h_prev
        grads["dbh"] = grads["dbh"] + np.sum(dz, axis=0, keepdims=True)
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Inner product where an outer one belongs",
    message=(
        "All entries of dWh are the same number: a 1 by 1 result was spread over the matrix. "
        "What shape has your product?"
    ),
    justification="np.sum(dz * h_prev), broadcast into dWh without an error",
)
def inner_for_outer_product(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        for i in range(N):
            grads["dWh"] += dz[i] @ h_prev[i]
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Only the largest entry of a target used",
    message=(
        "Right while a target names one class, wrong where it gives each class a part. "
        "What is subtracted from the output?"
    ),
    justification="subtracts 1 at the argmax instead of the target",
)
def largest_target_only(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    labels = np.argmax(y, axis=2)
    for t in reversed(range(T)):
        dy = yhats[:, t].copy()
        dy[np.arange(N), labels[:, t]] -= 1
        dy /= N * T
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Cache changed in place",
    message=(
        "Your gradients are right once; afterwards the cached outputs are something else. Call it twice and compare."
    ),
    justification="dy is the cached array itself, and -= writes into it",
)
def subtracts_in_the_cache(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, inputs = cache["hs"], cache["zs"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    dys = cache["yhats"]
    dys -= y
    for t in reversed(range(T)):
        dy = dys[:, t] / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Gradients of earlier calls kept",
    message="A first call is right, a second one adds its gradients to those of the first. Where is the sum begun?",
    justification="a mutable default argument holds the sums",
)
def adds_to_the_last_call(y, parameters, cache, act_derivative=Tanh().derivative, sums={}):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    own = float(parameters["Wx"][0, 0])
    grads = sums.setdefault(own, {"d" + k: np.zeros_like(v) for k, v in parameters.items()})
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Always the derivative of tanh",
    message="Your gradients are right for tanh and for no other activation. Which argument do you never use?",
    justification="1 - hs**2 in place of act_derivative(zs)",
)
def always_tanh_derivative(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, yhats, inputs = cache["hs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * (1 - hs[:, t] ** 2)
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Sign turned round",
    message=(
        "Every gradient points the other way: a step against it would raise the cost. In which order do you subtract?"
    ),
    justification="y - yhat",
)
def targets_minus_outputs(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (y[:, t] - yhats[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Output gradient from the pre-activation",
    message="Only dWy is wrong. What is Wy multiplied with in the forward pass?",
    justification="dy.T @ zs in place of dy.T @ hs",
)
def output_gradient_from_pre_activation(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ zs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Weight gradients transposed",
    message="Your weight gradients have their axes exchanged. Which shape has a parameter's gradient?",
    justification="inputs.T @ dz in place of dz.T @ inputs",
)
def gradients_transposed(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v.T if k[0] == "W" else v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += hs[:, t].T @ dy
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += inputs[:, t].T @ dz
        grads["dWh"] += h_prev.T @ dz
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Loop runs forwards in time",
    message=(
        "One step alone is right, several are not. "
        "From which neighbour does a state's gradient come, and is it known yet?"
    ),
    justification="range(T) instead of reversed(range(T)): the carry comes from the step before",
)
def runs_forwards_in_time(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in range(T):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads


@misconception(
    "backward",
    title="Way back cut off now and then",
    message=(
        "Short sequences are right, long ones are not: some later steps never reach the earlier ones. "
        "Where on the way back is the carry lost?"
    ),
    justification="the carry is set to zero every eight steps",
)
def carry_dropped_now_and_then(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
        if t % 8 == 0:
            dh_next = np.zeros((N, n_h))
    return grads


@misconception(
    "backward",
    title="Gradients limited entry by entry",
    message=(
        "Your gradients are right until one of them gets large; then it stops growing. "
        "Does backward compute the gradient, or something that is safer to train with?"
    ),
    justification="np.clip(gradient, -1, 1): a remedy for training, not the gradient",
)
def clips_each_gradient(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return {name: np.clip(value, -1, 1) for name, value in grads.items()}


@misconception(
    "backward",
    title="Gradients scaled down to a length",
    message=(
        "Your gradients are right until they get long; then they only keep their direction. "
        "Does backward compute the gradient, or something that is safer to train with?"
    ),
    justification="all gradients divided by their common norm where it is above 5",
)
def clips_the_length(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    norm = np.sqrt(sum(np.sum(value**2) for value in grads.values()))
    return {name: value * min(1.0, 5 / norm) for name, value in grads.items()}


@misconception(
    "backward",
    title="Differences of the cost in place of the gradient",
    message=(
        "Your gradients are nearly right where the cost changes gently, and not where they are tiny or the network is "
        "very sure. Are they computed, or measured?"
    ),
    justification="central differences of compute_cost(y, forward(...)): slow, and blind below the cost's own rounding",
)
def differences_of_the_cost(y, parameters, cache, act_derivative=Tanh().derivative):
    grads, step = {}, 1e-4
    for name, value in parameters.items():
        grads["d" + name] = np.zeros(value.shape)
        for place in np.ndindex(*value.shape):
            costs = []
            for shift in (step, -step):
                moved = {key: array.copy() for key, array in parameters.items()}
                moved[name][place] += shift
                costs.append(compute_cost(y, forward(cache["inputs"], moved)[0]))
            grads["d" + name][place] = (costs[0] - costs[1]) / (2 * step)
    return grads


@misconception(
    "backward",
    title="Hidden bias gradient lies on its side",
    message="The values of dbh are right, its shape is not. Which shape has a parameter's gradient?",
    justification="dbh of shape (1, n_h), beside dby of shape (n_y, 1)",
)
def hidden_bias_gradient_as_row(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += dz.sum(axis=0)[:, None]
        dh_next = dz @ parameters["Wh"]
    return grads | {"dbh": grads["dbh"].T}


@misconception(
    "backward",
    title="Axis lost where there is one sequence",
    message=(
        "Batches of several sequences are right, a single one is not. Which shape does a batch of one have, and over "
        "which axis is then the sum?"
    ),
    justification="np.squeeze on dz: with one sequence the sum over the batch runs over the units",
)
def squeezes_a_single_sample_away(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dy = (yhats[:, t] - y[:, t]) / (N * T)
        h_prev = hs[:, t - 1] if t > 0 else np.zeros((N, n_h))
        dz = (dy @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dy.T @ hs[:, t]
        grads["dby"] += dy.sum(axis=0)[:, None]
        grads["dWx"] += dz.T @ inputs[:, t]
        grads["dWh"] += dz.T @ h_prev
        grads["dbh"] += np.squeeze(dz).sum(axis=0).reshape(-1, 1)
        dh_next = dz @ parameters["Wh"]
    return grads


# --- network ------------------------------------------------------------------------------------------------------


@misconception(
    "network",
    title="One dictionary of parameters for all networks",
    message=(
        "A second network changes the first: both hold the same dictionary. "
        "When is it made, and how often: once, or for each network?"
    ),
    justification="parameters is a class attribute, or an argument's default, that is updated and never replaced",
)
class SharesClassParameters:
    parameters = {}

    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.sizes = input_size, hidden_size, output_size
        self.act = act
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters.update(initialize_rnn_parameters(*self.sizes))

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Default dictionary shared by all networks",
    message="A second network changes the first. When is the default value of an argument made, and how often?",
    justification="a mutable default argument holds the parameters",
    like="SharesClassParameters",
)
class SharesDefaultDictionary:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh(), parameters={}):
        self.sizes = input_size, hidden_size, output_size
        self.act = act
        self.parameters = parameters
        self.initialize_parameters()

    def initialize_parameters(self):
        for name, value in initialize_rnn_parameters(*self.sizes).items():
            self.parameters[name] = value

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Cache of the first forward kept",
    message="After a second forward, backward still answers for the first. When is the cache replaced?",
    justification="caches are stored only while there are none",
)
class StaleCaches:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.caches = {}
        self.grads = {}
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)

    def forward(self, inputs):
        outputs, caches = forward(inputs, self.parameters, self.act)
        if not self.caches:
            self.caches = caches
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="New parameters at every forward",
    message=(
        "Two calls with the same input differ, so nothing could be learnt. How often should a network draw its weights?"
    ),
    justification="initialize_parameters is called in forward",
)
class InitializesInForward:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)

    def forward(self, inputs):
        self.initialize_parameters()
        outputs, self.caches = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Hidden and output size exchanged",
    message=(
        "Your matrices have the sizes of hidden and output layer the wrong way round. In which order do the sizes come?"
    ),
    justification="initialize_rnn_parameters is called in the constructor's order",
)
class SwapsOutputAndHidden:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.output_size, self.hidden_size)

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Forward forgets the activation",
    message="Your network's output is the same for every activation. Where does the one that was asked for go?",
    justification="forward is called without act",
)
class ForwardForgetsActivation:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Backward forgets the activation",
    message=(
        "The output is right for every activation, the gradients only for tanh. What does the way back need to know?"
    ),
    justification="backward is called without act_derivative",
)
class BackwardForgetsActivation:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Gradients not kept",
    message="After backward, the network's grads are as empty as before. Where does the result go?",
    justification="backward returns the gradients and does not store them",
)
class ForgetsGradients:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.grads = {}
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        grads = backward(y, self.parameters, self.caches, self.act.derivative)
        return grads

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Cache not kept under its name",
    message="After forward, the network's caches are empty. Compare the names of your attributes with the text.",
    justification="stores self.cache, while the text asks for self.caches",
)
class KeepsNoCaches:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.caches = {}
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)

    def forward(self, inputs):
        outputs, self.cache = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.cache, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Calling the network returns nothing",
    message="Your network gives None when it is called. Where does the value of forward go?",
    justification="__call__ has no return",
)
class CallForgetsReturn:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        self.forward(inputs)


@misconception(
    "network",
    title="Outputs and cache returned together",
    message=(
        "Your network returns two things where its caller expects the outputs alone. "
        "What is the cache for, and where is it kept?"
    ),
    justification="forward returns the whole tuple of the function forward",
)
class ReturnsCacheToo:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)

    def forward(self, inputs):
        outputs = forward(inputs, self.parameters, self.act)
        self.caches = outputs[1]
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Parameters never made",
    message="A new network has no parameters yet. Who calls initialize_parameters, and when?",
    justification="the constructor does not initialise",
)
class ForgetsToInitialize:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.parameters = {}

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Gradients of all calls added up",
    message="Each backward adds its gradients to those of the call before. Which forward do the gradients belong to?",
    justification="grads are summed over calls and never cleared",
)
class AccumulatesGradients:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.grads = {}
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        for name, value in backward(y, self.parameters, self.caches, self.act.derivative).items():
            self.grads[name] = self.grads.get(name, 0) + value

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Parameters cannot be made anew",
    message="A second initialize_parameters() changes nothing. What should it do on a network that has been trained?",
    justification="initialises only while there are no parameters",
)
class NeverInitializesAgain:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.parameters = {}
        self.initialize_parameters()

    def initialize_parameters(self):
        if not self.parameters:
            self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Copy of the parameters in use",
    message=(
        "The network's parameters can be changed, and its outputs stay the same. "
        "Which arrays does forward use, and which ones does training change?"
    ),
    justification="forward works on a copy that was made at the beginning, so that training changes nothing",
)
class ReadsACopyOfItsParameters:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)
        self.own = {name: value.copy() for name, value in self.parameters.items()}

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.own, self.act)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.own, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Weights that are nearly zero",
    message=(
        "A new network's weights are far smaller than those of exercise 3. "
        "Does your class make its parameters, or does the function that you have?"
    ),
    justification="parameters drawn anew with a tiny scale: every output is 1 / n_y",
)
class TinyParameters:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.initialize_parameters()

    def initialize_parameters(self):
        drawn = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)
        self.parameters = {name: 1e-13 * np.random.randn(*value.shape) for name, value in drawn.items()}

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@misconception(
    "network",
    title="Gradients limited in backward",
    message=(
        "The network's gradients are right until one of them gets large; then it stops growing. "
        "Does the text ask for the gradients, or for limited ones?"
    ),
    justification="np.clip(gradient, -1, 1) in the method backward",
)
class ClipsInBackward:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size, self.output_size, self.hidden_size, self.act = input_size, output_size, hidden_size, act
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters, self.act)
        return outputs

    def backward(self, y):
        grads = backward(y, self.parameters, self.caches, self.act.derivative)
        self.grads = {name: np.clip(value, -1, 1) for name, value in grads.items()}

    def __call__(self, inputs):
        return self.forward(inputs)
