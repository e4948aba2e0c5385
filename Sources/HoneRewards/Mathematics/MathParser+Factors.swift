extension MathParser {
    private static let wordCommands: Set<String> = [
        "frac", "sqrt", "pi", "infty", "binom", "lfloor", "lceil", "lgroup", "langle", "sum",
        "prod",
        "begin", "emptyset", "overline", "boxed", "fbox", "vec", "hat", "bar", "mathbb", "angle",
        "log", "triangle", "overrightarrow", "widehat", "tilde", "int", "lim", "prime",
    ]

    /// Whether what comes next can be multiplied to what came before.
    var beginsFactor: Bool {
        switch current {
        case .number, .letter, .text: true
        case .sign("("), .sign("["), .sign("{"), .openSet: true
        case .sign("|"): openBars == 0
        case .command(let name):
            Self.wordCommands.contains(name) || MathFunction.names[name] != nil
        default: false
        }
    }

    /// A primary with what is written behind it: powers, `!`, `%`.
    mutating func factor() throws(Problem) -> MathValue {
        var value = try primary()
        while true {
            switch current {
            case .sign("^"):
                index += 1
                let power = try script()
                value = .expression(.power(try Self.scalar(value), power))
            case .sign("!"):
                index += 1
                value = .expression(.factorial(try Self.scalar(value)))
            case .sign("%"):
                index += 1
                value = .expression(.percent(try Self.scalar(value)))
            default: return value
            }
        }
    }

    /// What braces hold; `nil` where none open.
    private mutating func braced() throws(Problem) -> MathExpression? {
        guard take(.sign("{")) else { return nil }
        let inside = try expression()
        try expect(.sign("}"))
        return inside
    }

    /// What stands behind `^` or `_`: one sign, or what braces hold.
    mutating func script() throws(Problem) -> MathExpression {
        try descend()
        defer { ascend() }
        if let inside = try braced() { return inside }
        if take(.sign("-")) { return .negative(try script()) }
        if take(.sign("*")) { return .symbol("*") }
        return try Self.scalar(try primary())
    }

    private mutating func primary() throws(Problem) -> MathValue {
        try descend()
        defer { ascend() }
        guard let token = current else { throw Problem() }
        switch token {
        case .number(let digits):
            index += 1
            return .expression(try repeating(digits))
        case .letter(let letter):
            index += 1
            return .expression(try symbol(letter))
        case .text(let text):
            index += 1
            return .expression(.text(text))
        case .command(let name):
            index += 1
            return try command(name)
        case .openSet, .sign("("), .sign("["), .sign("{"): return try brackets(token)
        case .sign("|"):
            index += 1
            openBars += 1
            let inside = try expression()
            openBars -= 1
            try expect(.sign("|"))
            return .expression(.call(.absolute, [inside]))
        default: throw Problem()
        }
    }

    /// `digits`, which `\overline{3}` or `_5` may follow.
    private mutating func repeating(_ digits: String) throws(Problem) -> MathExpression {
        if current == .command("overline"), digits.contains("."), token(1) == .sign("{"),
            case .number(let period)? = token(2), token(3) == .sign("}")
        {
            index += 4
            // 0.1\overline{6} = 0.1 + 6/90.
            let places = digits.split(separator: ".").dropFirst().first?.count ?? 0
            let nines = String(repeating: "9", count: period.count)
            return .sum(
                .number(digits: digits),
                .quotient(
                    .number(digits: period),
                    .number(digits: nines + String(repeating: "0", count: places))))
        }
        if current == .sign("_") {
            index += 1
            return .unknown("base", [.number(digits: digits), try script()])
        }
        return .number(digits: digits)
    }

    /// A letter with its index and primes; a constant; an application of a function that is only named.
    private mutating func symbol(_ letter: String) throws(Problem) -> MathExpression {
        var name = letter
        while take(.sign("'")) { name += "'" }
        if take(.sign("_")) { name += "_" + (try indexName()) }
        while take(.sign("'")) { name += "'" }
        if Self.functionLetters.contains(letter), current == .sign("(") {
            let start = index
            index += 1
            if let arguments = try? groups().joined(), take(.sign(")")) {
                let scalars = arguments.compactMap(\.expression)
                if scalars.count == arguments.count { return .unknown(name, scalars) }
            }
            index = start
        }
        switch name {
        case "e": return .constant(.e)
        case "i": return .constant(.i)
        case "π": return .constant(.pi)
        default: return .symbol(name)
        }
    }

    private static let functionLetters: Set<String> = ["f", "g", "h"]

    /// An index as it is written, without braces.
    private mutating func indexName() throws(Problem) -> String {
        guard take(.sign("{")) else {
            defer { index += 1 }
            guard let token = current else { throw Problem() }
            return Self.shown(token)
        }
        var name = ""
        var level = 1
        while let token = current {
            index += 1
            if token == .sign("{") { level += 1 }
            if token == .sign("}") { level -= 1 }
            if level == 0 { return name }
            name += Self.shown(token)
        }
        throw Problem()
    }

    private static func shown(_ token: MathToken) -> String {
        switch token {
        case .number(let text), .letter(let text), .command(let text), .text(let text): text
        case .sign(let sign): String(sign)
        case .relation(let relation): "\(relation)"
        case .openSet: "{"
        case .closeSet: "}"
        case .lineEnd: ""
        }
    }

    // MARK: Brackets

    /// What brackets hold, by their kind.
    ///
    /// `{…}` and `\{…\}`: a set, but a lone member in plain braces is the member. Round brackets: a lone
    /// member is the member, more are a tuple. Two members with a square bracket on either side: an
    /// interval.
    private mutating func brackets(_ opening: MathToken) throws(Problem) -> MathValue {
        index += 1
        let outerBars = openBars
        openBars = 0
        defer { openBars = outerBars }
        if opening == .openSet {
            if take(.closeSet) { return .set([]) }
            let members = try groups().flatMap { $0 }.flatMap(Self.signsChosen)
            guard take(.closeSet) || take(.sign("}")) else { throw Problem() }
            return .set(members)
        }
        if opening == .sign("{") {
            if take(.sign("}")) { return .set([]) }
            let inside = try list()
            guard take(.sign("}")) || take(.closeSet) else { throw Problem() }
            return inside
        }
        let members = try groups().flatMap { $0 }
        guard let closing = current, closing == .sign(")") || closing == .sign("]") else {
            throw Problem()
        }
        index += 1
        if members.count == 1 { return members[0] }
        let isRound = opening == .sign("(") && closing == .sign(")")
        if members.count == 2, !isRound, let lower = members[0].expression,
            let upper = members[1].expression
        {
            return .interval(
                MathInterval(
                    lower: lower, upper: upper, hasLower: opening == .sign("["),
                    hasUpper: closing == .sign("]")))
        }
        return .tuple(members)
    }

    // MARK: Commands

    private mutating func command(_ name: String) throws(Problem) -> MathValue {
        switch name {
        case "frac":
            let numerator = try argument()
            return .expression(.quotient(numerator, try argument()))
        case "sqrt":
            var degree = MathExpression.number(digits: "2")
            if take(.sign("[")) {
                degree = try expression()
                try expect(.sign("]"))
            }
            return .expression(.call(.root, [degree, try argument()]))
        case "binom":
            let top = try argument()
            return .expression(.call(.binomial, [top, try argument()]))
        case "pi": return .expression(.constant(.pi))
        case "infty": return .expression(.constant(.infinity))
        case "emptyset": return .set([])
        case "lfloor", "lceil":
            let inside = try expression()
            try expect(.command(name == "lfloor" ? "rfloor" : "rceil"))
            return .expression(.call(name == "lfloor" ? .floor : .ceiling, [inside]))
        case "langle":
            let members = try groups().flatMap { $0 }
            try expect(.command("rangle"))
            return .tuple(members)
        case "sum", "prod": return .expression(try series(name == "sum" ? .sum : .product))
        case "begin": return .expression(try matrix())
        case "boxed", "fbox":
            try expect(.sign("{"))
            let inside = try list()
            try expect(.sign("}"))
            return inside
        case "mathbb": return .expression(.text("mathbb " + (try indexName())))
        case "overline", "vec", "hat", "bar", "angle", "triangle", "overrightarrow", "widehat",
            "tilde":
            return .expression(.unknown(name, [try argument()]))
        default:
            guard let function = MathFunction.names[name] else { throw Problem() }
            return .expression(try call(function))
        }
    }

    /// What a command takes: braces, or the next digit, letter or command. `\frac12` is 1/2 and
    /// `\sqrt12` is √1 · 2, as LaTeX sets them.
    private mutating func argument() throws(Problem) -> MathExpression {
        try descend()
        defer { ascend() }
        if let inside = try braced() { return inside }
        if take(.sign("-")) { return .negative(try argument()) }
        if let digit = takeDigit() { return .number(digits: digit) }
        return try Self.scalar(try primary())
    }

    private mutating func series(
        _ kind: MathExpression.Series
    ) throws(Problem) -> MathExpression {
        try expect(.sign("_"))
        try expect(.sign("{"))
        guard case .letter(let variable)? = current else { throw Problem() }
        index += 1
        try expect(.relation(.equal))
        let from = try expression()
        try expect(.sign("}"))
        try expect(.sign("^"))
        let to = try script()
        var body = try Self.scalar(try factor())
        while beginsFactor || current == .sign("*") {
            _ = take(.sign("*"))
            body = .product(body, try Self.scalar(try factor()))
        }
        return .series(kind, variable: variable, from: from, to: to, body)
    }

    private mutating func call(_ function: MathFunction) throws(Problem) -> MathExpression {
        var function = function
        var power: MathExpression?
        var base: MathExpression?
        while current == .sign("^") || current == .sign("_") {
            let isPower = take(.sign("^"))
            if !isPower { index += 1 }
            let value = try script()
            if isPower { power = value } else { base = value }
        }
        if let exponent = power?.literal, exponent.isNegative, exponent.digits == "1",
            let inverse = function.inverse
        {
            function = inverse
            power = nil
        }
        var arguments: [MathExpression]
        if take(.sign("(")) {
            arguments = try groups().flatMap { $0 }.compactMap(\.expression)
            try expect(.sign(")"))
            if arguments.isEmpty { throw Problem() }
        } else {
            arguments = [try openArgument()]
        }
        if function == .logarithm, let base { arguments = [base, arguments[0]] }
        let value = MathExpression.call(function, arguments)
        return power.map { .power(value, $0) } ?? value
    }

    /// What a function without brackets is applied to: factors up to the next function or sign.
    private mutating func openArgument() throws(Problem) -> MathExpression {
        try descend()
        defer { ascend() }
        if take(.sign("-")) { return .negative(try openArgument()) }
        var argument = try Self.scalar(try factor())
        while beginsFactor {
            if case .command(let name)? = current, MathFunction.names[name] != nil { break }
            if current == .sign("(") { break }
            argument = .product(argument, try Self.scalar(try factor()))
        }
        return argument
    }

    private static let matrices: Set<String> = [
        "matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array",
    ]

    private mutating func matrix() throws(Problem) -> MathExpression {
        let name = try environmentName()
        guard Self.matrices.contains(name) else { throw Problem() }
        // The columns of an array: {c|cc}.
        if name == "array", take(.sign("{")) {
            while let token = current, token != .sign("}") {
                _ = token
                index += 1
            }
            try expect(.sign("}"))
        }
        var rows: [[MathExpression]] = [[]]
        while current != .command("end") {
            if take(.lineEnd) {
                rows.append([])
                continue
            }
            rows[rows.count - 1].append(try expression())
            _ = take(.sign("&"))
        }
        index += 1
        guard try environmentName() == name else { throw Problem() }
        if rows.last?.isEmpty == true { rows.removeLast() }
        guard let width = rows.first?.count, width > 0, rows.allSatisfy({ $0.count == width })
        else { throw Problem() }
        return .matrix(rows)
    }

    /// `{pmatrix}`, which the lexer has taken apart into letters.
    private mutating func environmentName() throws(Problem) -> String {
        try expect(.sign("{"))
        var name = ""
        while case .letter(let letter)? = current {
            name += letter
            index += 1
        }
        try expect(.sign("}"))
        return name
    }
}
