/// LaTeX commands by what they mean.
enum MathCommands {
    static let relations: [String: MathValue.Relation] = [
        "lt": .less, "gt": .greater, "le": .lessOrEqual, "leq": .lessOrEqual,
        "leqslant": .lessOrEqual, "leqq": .lessOrEqual, "ge": .greaterOrEqual,
        "geq": .greaterOrEqual, "geqslant": .greaterOrEqual, "geqq": .greaterOrEqual,
        "ne": .unequal, "neq": .unequal, "approx": .approximately, "simeq": .approximately,
        "sim": .approximately, "in": .memberOf, "equiv": .equal, "colon": .equal,
    ]

    static let signs: [String: Character] = [
        "cdot": "*", "times": "*", "ast": "*", "div": "/", "lvert": "|", "rvert": "|", "vert": "|",
        "mid": "|", "lbrack": "[", "rbrack": "]", "lparen": "(", "rparen": ")", "colon": ":",
        "land": ",", "wedge": ",", "lor": ",", "vee": ",",
    ]

    /// Sizes, spaces, fonts and remarks that change nothing.
    static let skipped: Set<String> = [
        "left", "right", "mleft", "mright", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl",
        "Bigr", "biggl", "biggr", "displaystyle", "textstyle", "scriptstyle", "limits", "nolimits",
        "quad", "qquad", "thinspace", "medspace", "thickspace", "hspace", "hfill", "rm", "bf", "it",
        "nonumber", "ldots", "dots", "therefore", "middle",
    ]

    static let texts: Set<String> = [
        "text", "textbf", "textit", "textrm", "textnormal", "mbox", "hbox", "mathrm", "mathbf",
        "mathit", "mathsf", "mathtt", "operatorname", "boldsymbol", "bm", "texttt", "textsf",
        "emph",
    ]

    static let synonyms: [String: String] = [
        "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "dbinom": "binom", "tbinom": "binom",
        "varnothing": "emptyset", "backslash": "setminus", "arcsinh": "asinh", "infinity": "infty",
        "ge": "geq", "plusmn": "pm",
    ]

    static let greek: [String: String] = [
        "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
        "zeta": "ζ", "eta": "η", "theta": "θ", "vartheta": "θ", "iota": "ι", "kappa": "κ",
        "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ",
        "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
        "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Sigma": "Σ",
        "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "ell": "ℓ", "hbar": "ħ", "imath": "i",
    ]
}

/// Words that stand behind a number without changing it.
enum MathUnits {
    static let words: Set<String> = [
        "mm", "cm", "dm", "km", "nm", "meter", "metre", "centimeter", "centimetre", "kilometer",
        "kilometre", "millimeter", "inch", "inches", "feet", "foot", "ft", "yard", "mile", "acre",
        "hectare", "mg", "kg", "gram", "kilogram", "ton", "tonne", "lb", "pound", "ounce", "oz",
        "ml", "liter", "litre", "gallon", "cup", "sec", "second", "minute", "min", "hr", "hour",
        "day", "week", "month", "year", "yr", "mph", "kmph", "kmh", "degree", "deg", "radian",
        "dollar", "cent", "euro", "rupee", "yuan", "usd", "unit", "sq", "square", "cubic",
        "point", "people", "person", "student", "apple", "coin", "way", "time", "unit", "digit",
        "ohm", "volt", "watt", "joule", "newton", "hz", "mol",
    ]
}
