import Foundation
import OrderedCollections

/// Bounds on what a template may do, so that a hostile one is an error and not a hang.
struct TemplateLimits: Sendable {
    /// Iterations of all loops together.
    var iterations = 10_000_000
    /// Macro calls and recursive loops inside one another.
    var callDepth = 100
    /// Expressions and statements inside one another, calls included.
    var evaluationDepth = 400
    /// Bytes or items of one text or list.
    var size = 16_000_000
    /// Values inside one another.
    var valueDepth = 200
    /// What all expressions and the values that they make cost together, in the unit of one value; a few
    /// seconds of work.
    var work = 200_000_000

    static let standard = TemplateLimits()
}

/// The values of one scope while it runs; `nil` where nothing has been assigned.
final class TemplateFrame {
    var slots: [TemplateValue?]
    let parent: TemplateFrame?

    init(slots: Int, parent: TemplateFrame?) {
        self.slots = Array(repeating: nil, count: slots)
        self.parent = parent
    }
}

/// Runs a program once.
final class TemplateInterpreter {
    let program: TemplateProgram
    let clock: TemplateClock
    let limits: TemplateLimits
    /// The values of ``TemplateProgram/freeNames``.
    private var variables: [TemplateValue?]
    var output = ""
    private var top: TemplateFrame?
    private var iterations = 0
    private var work = 0
    private var callDepth = 0
    var evaluationDepth = 0

    /// How a statement ended.
    enum Flow {
        case normal
        case breaking
        case continuing
    }

    init(
        _ program: TemplateProgram, variables: [String: TemplateValue], clock: TemplateClock,
        limits: TemplateLimits = .standard
    ) {
        self.program = program
        self.clock = clock
        self.limits = limits
        self.variables = program.freeNames.map { name in
            variables[name] ?? GlobalFunction(rawValue: name).map(TemplateValue.function)
        }
    }

    func render() throws(TemplateError) -> String {
        let frame = enter(0, parent: nil)
        top = frame
        _ = try execute(program.statements, frame)
        return output
    }

    // MARK: Scopes

    func enter(_ scope: Int, parent: TemplateFrame?) -> TemplateFrame {
        let frame = TemplateFrame(slots: program.scopes[scope].slotCount, parent: parent)
        load(scope, into: frame)
        return frame
    }

    /// Gives the slots of a scope their first values.
    func load(_ scope: Int, into frame: TemplateFrame) {
        for (slot, load) in program.scopes[scope].loads {
            switch load {
            case .free(let index): frame.slots[slot] = variables[index]
            case .copy(let reference):
                frame.slots[slot] = holder(of: reference, from: frame).slots[reference.slot]
            }
        }
    }

    private func holder(of reference: ScopeReference, from frame: TemplateFrame) -> TemplateFrame {
        var holder = frame
        for _ in 0..<reference.hops {
            guard let parent = holder.parent else { break }
            holder = parent
        }
        return holder
    }

    func value(of name: NameUse, _ frame: TemplateFrame) -> TemplateValue {
        let reference = program.references[name.use]
        return holder(of: reference, from: frame).slots[reference.slot]
            ?? .undefined(.variable(name.name))
    }

    func assign(_ value: TemplateValue, to name: NameUse, _ frame: TemplateFrame) {
        let reference = program.references[name.use]
        let holder = holder(of: reference, from: frame)
        holder.slots[reference.slot] = value
        // A block sees what the top level has assigned by then.
        if program.hasBlocks, holder === top,
            let index = program.freeNames.firstIndex(of: name.name)
        {
            variables[index] = value
        }
    }

    func assign(
        _ value: TemplateValue, to target: AssignmentTarget, _ frame: TemplateFrame,
        at position: TemplatePosition
    ) throws(TemplateError) {
        switch target {
        case .name(let name): assign(value, to: name, frame)
        case .member(let name, let member):
            guard case .namespace(let namespace) = self.value(of: name, frame) else {
                throw TemplateError(
                    .runtime, "cannot assign attribute on non-namespace object", at: name.position)
            }
            do {
                try TemplateNamespace.requirePublic(member)
            } catch {
                throw error.located(at: name.position)
            }
            do {
                _ = try nesting(of: value, level: 1)
            } catch {
                throw error.located(at: name.position)
            }
            namespace.members[member] = value
        case .tuple(let parts, let place):
            let values: [TemplateValue]
            do {
                values = try value.collect(limits)
            } catch {
                throw TemplateError(
                    .type, "cannot unpack non-iterable \(value.typeName) object", at: place)
            }
            guard values.count == parts.count else {
                let problem =
                    values.count > parts.count
                    ? "too many values to unpack (expected \(parts.count))"
                    : "not enough values to unpack (expected \(parts.count), got \(values.count))"
                throw TemplateError(.value, problem, at: place)
            }
            for (part, value) in zip(parts, values) {
                try assign(value, to: part, frame, at: place)
            }
        }
    }

    // MARK: Bounds

    /// Counts `amount` of work.
    func charge(_ amount: Int) throws(TemplateError) {
        work += amount
        guard work <= limits.work else {
            throw TemplateError(.limit, "the template works for too long")
        }
    }

    func countIteration(at position: TemplatePosition) throws(TemplateError) {
        try charge(Self.costOfExpression)
        iterations += 1
        guard iterations <= limits.iterations else {
            throw TemplateError(
                .limit, "more than \(limits.iterations) loop iterations", at: position)
        }
    }

    /// Runs `body` one call deeper, writing to an output of its own, which it returns.
    func call(_ body: () throws(TemplateError) -> Void) throws(TemplateError) -> String {
        callDepth += 1
        defer { callDepth -= 1 }
        guard callDepth <= limits.callDepth else {
            throw TemplateError(
                .limit, "macros or recursive loops called \(limits.callDepth) deep")
        }
        return try capture(body)
    }

    /// What `body` writes, kept from the output.
    func capture(_ body: () throws(TemplateError) -> Void) throws(TemplateError) -> String {
        let outer = output
        output = ""
        defer { output = outer }
        try body()
        return output
    }
}
