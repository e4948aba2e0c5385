import HoneCore

/// 1 if the answer is JSON that a schema accepts, else 0.
///
/// Formula: 1 if what `extract` finds, stripped, is one JSON document and valid under the schema (see
/// ``JSONSchema`` for the subset of draft 2020-12). Range {0, 1}. A check that needs more than a million steps
/// is a failure.
public struct JSONSchemaReward: RewardFunction {
    public let name: String
    public var options: Options

    public init(name: String = "json_schema", _ options: Options) {
        self.name = name
        self.options = options
    }

    public struct Options: DeclaredReward {
        public var schema: DeclaredSchema?
        /// Column with a schema for each row, as an object or as text.
        public var column: String?
        public var extraction: AnswerExtraction = .firstFound([.codeBlock, .whole])

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "1 if the answer is JSON that a schema accepts (a subset of draft 2020-12)."
        public static let fields: [ConfigField<Options>] = [
            .optional("schema", \.schema, "The schema."),
            .optional(
                "column", \.column, "Column with the schema of each row, instead of schema.",
                .notEmpty),
            ConfigField("extract", \.extraction, AnswerExtraction.summary),
        ]
        public static let checks: [ConfigCheck<Options>] = [
            ConfigCheck("schema", "column") { options, _ in
                (options.schema == nil) == (options.column == nil)
                    ? "json_schema needs either schema or column" : nil
            }
        ]

        public func function(name: String) -> any RewardFunction {
            JSONSchemaReward(name: name, self)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        let schema: JSONSchema
        do throws(GraderFailure) {
            schema = try self.schema(for: request.row)
        } catch {
            return request.completions.map { _ in .failed(error) }
        }
        return request.completions.map { completion in
            guard let answer = options.extraction.answer(in: completion),
                let value = try? JSONValue(parsing: Array(PythonText.strip(answer).utf8))
            else { return .value(0) }
            switch schema.outcome(for: value) {
            case .accepted: return .value(1)
            case .refused: return .value(0)
            case .givenUp:
                return .failed(
                    GraderFailure(
                        function: name, kind: .timedOut,
                        message:
                            "the check was given up after a million steps; the schema refers to "
                            + "itself too often, or a pattern of it is ambiguous"))
            }
        }
    }

    private func schema(for row: DatasetRow) throws(GraderFailure) -> JSONSchema {
        if let schema = options.schema { return schema.schema }
        let column = options.column ?? ""
        let value = try row.column(column, for: name)
        let document =
            value.stringValue.flatMap { try? JSONValue(parsing: Array($0.utf8)) } ?? value
        do throws(JSONSchema.Problem) {
            return try JSONSchema(document)
        } catch {
            throw GraderFailure(
                function: name, kind: .unavailable, message: "column \"\(column)\": \(error)")
        }
    }
}

/// A schema at a key of a recipe.
public struct DeclaredSchema: ConfigValue {
    public let schema: JSONSchema

    public static let form = ConfigForm.value("a JSON schema")

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> DeclaredSchema? {
        do throws(JSONSchema.Problem) {
            return DeclaredSchema(schema: try JSONSchema(json))
        } catch {
            problems.append(ConfigProblem(path, "\(error)"))
            return nil
        }
    }

    public var configJSON: JSONValue { schema.source }
}
