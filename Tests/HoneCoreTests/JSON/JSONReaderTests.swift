import OrderedCollections
import Testing

@testable import HoneCore

@Suite struct JSONReaderTests {
    @Test(
        arguments: [
            ("null", .null), (" true ", .bool(true)), ("-0", .int(0)), ("-12", .int(-12)),
            ("1.50", .double(1.5)), ("2e3", .double(2000)), ("1E-2", .double(0.01)),
            ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
            ("999999999999999999", .int(999_999_999_999_999_999)),
            // One beyond Int: the nearest double.
            ("9223372036854775808", .double(9_223_372_036_854_775_808)),
            (#""a\"\\\/\b\f\n\r\t""#, .string("a\"\\/\u{8}\u{C}\n\r\t")),
            (#""\u00e9\ud83d\ude00""#, .string("é😀")),
            // A lone surrogate, and one before another escape.
            (#""\ud83dx""#, .string("\u{FFFD}x")), (#""\ud83d\u0041""#, .string("\u{FFFD}A")),
            ("[1, [2], {}]", [1, [2], [:]]), ("{\"a\": 1, \"b\": []}", ["a": 1, "b": []]),
            ("{\"a\": 1, \"b\": 2, \"a\": 3}", ["a": 3, "b": 2]), ("[]", []),
            ("-Infinity", .double(-.infinity)),
            ("\u{FEFF}[]", []),
        ] as [(String, JSONValue)])
    func readsDocuments(text: String, expected: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == expected)
    }

    @Test(arguments: [
        ("", 1, 1, "ends where a value"), ("[1,\n 2", 2, 3, "not closed"),
        ("{\"a\" 1}", 1, 6, "':'"), ("[1 2]", 1, 4, "','"), ("{a: 1}", 1, 2, "key"),
        ("\"a\nb\"", 1, 3, "control character"), ("\"abc", 1, 1, "not closed"),
        (#""\x""#, 1, 3, "unknown escape"), (#""\u12G4""#, 1, 4, "hexadecimal"),
        ("[1]\n x", 2, 2, "after the end"), ("01", 1, 1, "begin with 0"), ("1.", 1, 3, "digits"),
        ("nul", 1, 1, "null"), ("[,]", 1, 2, "value"), ("{\"a\": }", 1, 7, "value"),
        ("[1,]", 1, 4, "value"),
    ])
    func namesTheFirstByteThatCannotBeRead(
        text: String, line: Int, column: Int, message: String
    ) throws {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
        #expect(error?.line == line && error?.column == column, "\(String(describing: error))")
    }

    @Test func refusesInvalidUTF8AtItsPlace() {
        let bytes: [UInt8] = [0x5B, 0x0A, 0x22, 0x61, 0xC3, 0x22, 0x5D]
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
        #expect(error?.line == 2 && error?.column == 3)
        #expect(error?.message.contains("UTF-8") == true)
    }

    @Test func refusesNestingThatWouldOverflowTheStack() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test func readsPieceByPiece() throws {
        var reader = JSONReader(Array(#"{"list": ["x", "y"], "rest": {"n": 1}} "#.utf8))
        var object = try reader.openObject()
        var key: [UInt8] = []
        #expect(try reader.nextKey(&object, into: &key))
        #expect(String(decoding: key, as: UTF8.self) == "list")
        #expect(reader.nextKind() == "an array")
        var list = try reader.openArray()
        var text: [UInt8] = []
        while try reader.nextElement(&list) { try reader.stringBytes(appendingTo: &text) }
        #expect(String(decoding: text, as: UTF8.self) == "xy")
        #expect(try reader.nextKey(&object, into: &key))
        #expect(try reader.value() == ["n": 1])
        #expect(try !reader.nextKey(&object, into: &key))
        try reader.finish()
    }
}

@Suite struct UTF8CheckTests {
    /// Against Swift's own validation, over all byte strings of up to two bytes and the corners of
    /// the table of well-formed sequences.
    @Test func agreesWithTheStandardLibrary() {
        var cases: [[UInt8]] = [[]]
        for first in UInt8.min...UInt8.max {
            cases.append([first])
            for second in stride(from: 0, through: 255, by: 5) {
                cases.append([first, UInt8(second)])
            }
        }
        let edges: [UInt8] = [
            0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xE0, 0xED, 0xF0, 0xF4,
        ]
        for lead in [UInt8](0xDF...0xF5) {
            for second in edges {
                for third in edges {
                    cases.append([lead, second, third])
                    cases.append([lead, second, third, 0x80])
                    cases.append([0x61, lead, second, third, 0xBF, 0x61])
                }
            }
        }
        for bytes in cases {
            let isValid = String(validating: bytes, as: UTF8.self) != nil
            #expect((UTF8Check.firstInvalidByte(of: bytes[...]) == nil) == isValid, "\(bytes)")
        }
    }

    @Test func namesTheFirstByteOfTheBadSequence() {
        #expect(UTF8Check.firstInvalidByte(of: [0x61, 0xC3, 0xA9, 0xE2, 0x82]) == 3)
        #expect(UTF8Check.firstInvalidByte(of: [0x61, 0x80][...]) == 1)
    }
}
