/// A word while ``PorterStemmer`` takes its endings off.
struct Stem: Sendable {
    private(set) var letters: [Unicode.Scalar]

    init(_ letters: [Unicode.Scalar]) { self.letters = letters }

    /// For each letter whether it is a consonant: no a, e, i, o, u, and no y after a consonant.
    private var consonants: [Bool] {
        var flags: [Bool] = []
        for letter in letters {
            switch letter {
            case "a", "e", "i", "o", "u": flags.append(false)
            case "y": flags.append(flags.last.map { !$0 } ?? true)
            default: flags.append(true)
            }
        }
        return flags
    }

    /// How often a vowel is followed by a consonant: Porter's m.
    var measure: Int {
        let flags = consonants
        return zip(flags, flags.dropFirst()).count { !$0 && $1 }
    }

    private var hasVowel: Bool { consonants.contains(false) }

    private var endsDouble: Bool {
        letters.count >= 2 && letters[letters.count - 1] == letters[letters.count - 2]
            && consonants[letters.count - 1]
    }

    /// Consonant, vowel, consonant other than w, x, y; or a word of vowel and consonant.
    private var endsShort: Bool {
        let flags = consonants
        if letters.count == 2 { return !flags[0] && flags[1] }
        guard letters.count >= 3, let last = letters.last else { return false }
        let end = flags.suffix(3)
        return Array(end) == [true, false, true] && last != "w" && last != "x" && last != "y"
    }

    private func ends(with ending: [Unicode.Scalar]) -> Bool {
        letters.count >= ending.count && letters.suffix(ending.count).elementsEqual(ending)
    }

    private func ends(with ending: String) -> Bool { ends(with: Array(ending.unicodeScalars)) }

    private func dropping(_ count: Int) -> Stem { Stem(Array(letters.dropLast(count))) }

    /// Applies the first rule whose ending the word has, if its condition holds; no other is tried.
    mutating func apply(_ rules: [PorterStemmer.Rule]) {
        guard let rule = rules.first(where: { ends(with: $0.ending) }) else { return }
        let rest = dropping(rule.ending.count)
        if rule.isMet(rest) { letters = rest.letters + rule.replacement }
    }

    /// Step 1a: plurals.
    mutating func dropPlural() {
        if letters.count == 4, ends(with: "ies") {
            letters.removeLast()
        } else {
            apply(PorterStemmer.firstRules)
        }
    }

    /// Step 1b: -ed and -ing.
    mutating func dropPast() {
        if ends(with: "ied") {
            letters.removeLast(letters.count == 4 ? 1 : 2)
            return
        }
        if ends(with: "eed") {
            if dropping(3).measure > 0 { letters.removeLast() }
            return
        }
        let rests = [("ed", 2), ("ing", 3)].filter { ends(with: $0.0) }.map { dropping($0.1) }
        guard let rest = rests.first(where: \.hasVowel), let last = rest.letters.last else {
            return
        }
        letters = rest.letters
        if ["at", "bl", "iz"].contains(where: { ends(with: $0) }) {
            letters.append("e")
        } else if endsDouble {
            if last != "l", last != "s", last != "z" { letters.removeLast() }
        } else if measure == 1, endsShort {
            letters.append("e")
        }
    }

    /// Step 1c: y after a consonant becomes i.
    mutating func turnY() {
        guard letters.last == "y", letters.count > 2, consonants[letters.count - 2] else { return }
        letters[letters.count - 1] = "i"
    }

    /// Step 2: double endings.
    mutating func shortenDouble() {
        while ends(with: "alli"), dropping(4).measure > 0 { letters.removeLast(2) }
        apply(PorterStemmer.secondRules)
    }

    /// Step 5a: a final e.
    mutating func dropE() {
        guard ends(with: "e") else { return }
        let rest = dropping(1)
        if rest.measure > 1 || rest.measure == 1 && !rest.endsShort { letters = rest.letters }
    }

    /// Step 5b: a final double l.
    mutating func dropL() {
        if ends(with: "ll"), dropping(1).measure > 1 { letters.removeLast() }
    }
}
