import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneText

/// Templates that would never end, or fill the memory or the stack.
@Suite struct TemplateLimitTests {
    /// How rendering `source` ends, and after how many seconds of work.
    static func outcome(_ source: String) -> (TemplateError?, seconds: Double) {
        let begun = Damage.processorSeconds()
        do throws(TemplateError) {
            var template = try ChatTemplate(source: source, name: "chat_template.jinja")
            // A hundredth of what is allowed, so that the tests take no minutes.
            template.limits.work /= 100
            _ = try template.render(messages: [
                ["role": "user", "content": "Hi"], ["role": "assistant", "content": "Ho ho"],
            ])
            return (nil, Damage.processorSeconds() - begun)
        } catch {
            return (error, Damage.processorSeconds() - begun)
        }
    }

    @Test(arguments: endless)
    func endsWithAnError(_ source: String) {
        let (error, seconds) = Self.outcome(source)
        #expect(error != nil, "\(source.prefix(80))")
        #expect(seconds < 30, "\(source.prefix(80)): \(seconds) s")
    }

    /// What overflows in 64 bits does so in numbers that templates give.
    @Test(arguments: large)
    func largeNumbersAreAnsweredOrRefused(_ source: String) {
        #expect(Self.outcome(source).seconds < 5)
    }

    private static let pieces = [
        "{{", "}}", "{%", "%}", "{#", "#}", " messages ", " loop ", " for x in ", " endfor ",
        " if ",
        " endif ", " set ns.x = ", " set x = ", " macro f(a, b=1) ", " endmacro ", " f(", ")", "[",
        "]",
        "(", "{", "}", "'", "\"", "|", "|list", "|tojson(indent=", "|map(attribute=", "|join(",
        ".x",
        ".items()", "[::-1]", "[0:", " ~ ", " + ", " * ", " ** ", " // ", " % ", " - ", " in ",
        " is ",
        " not ", " and ", " == ", " < ", "1", "0", "-1", "9223372036854775807", "1e308", "none",
        "true",
        "namespace(", "range(", "cycler(", "joiner(", "dict(", "raise_exception(", "strftime_now(",
        "recursive", "else", "elif", "'%s'", "'{}'.format(", "|sort(", "|groupby(", "|batch(",
        "|slice(",
        "|round(", "|truncate(", "\\", "\n", ",", "=", ":", "-%}", "{%-", "😀", "\u{0}", " call ",
        " endcall ",
        " filter upper ", " endfilter ", " with x = ", " endwith ", " generation ",
        " endgeneration ",
        " break ", " continue ", " raw ", " endraw ",
    ]

    private static let sound = """
        {%- set ns = namespace(found=false, n=0) -%}{% macro show(m, sep='|') %}{{ m.role ~ sep }}{% endmacro %}
        {%- for m in messages[0:] if m.role != 'tool' recursive %}{{ show(m, sep=loop.index|string) }}
        {%- if m.content is string and 'o' in m.content %}{{ m.content|trim|upper|replace('O', '0') }}
        {%- else %}{{ m.content[::-1] }}{% endif %}{% set ns.n = ns.n + m.content|length * 2 %}{% endfor %}
        {{- messages|map(attribute='role')|list|tojson(indent=2) }}{{ '%05.2f|%s' % (1.5, ns.n) }}
        {{- '{0:>8}'.format('x') }}{{ {'a': [1, (2, 3)]}.items()|list }}{{ [3, 1]|sort|join(', ') }}
        """

    @Test func brokenTemplatesEndInErrorsOrTexts() {
        Damage.cases(200) { damage in
            var source: String
            if Bool.random(using: &damage) {
                source = String(decoding: damage.spoil(Array(Self.sound.utf8)), as: UTF8.self)
            } else {
                source = (0..<Int.random(in: 1...30, using: &damage)).map { _ in
                    Self.pieces.randomElement(using: &damage) ?? ""
                }.joined()
            }
            if Bool.random(using: &damage) {
                let place = source.indices.randomElement(using: &damage) ?? source.startIndex
                source.insert(
                    contentsOf: Self.pieces.randomElement(using: &damage) ?? "", at: place)
            }
            Damage.note(source)
            let (_, seconds) = Self.outcome(source)
            #expect(seconds < 60, "\(source)")
        }
    }
}

private let loop = "{% for i in range(100000) %}{% for j in range(100000) %}"
private let ends = "{% endfor %}{% endfor %}"

private func many(_ text: String, _ count: Int = 100_000) -> String {
    String(repeating: text, count: count)
}

private let endless: [String] = [
    "{% for i in range(10**9) %}{% endfor %}",
    loop + ends, loop + "x" + ends, loop + "{{ i * j }}" + ends,
    loop + "{% if i == j and i > 3 %}{{ i }}{% endif %}" + ends,
    loop + "{% for k in range(99) if false %}{% endfor %}" + ends,
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "{% for x in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
    "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "{% set ns = namespace(s=['x']) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "{% set ns = namespace(s=[]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
    "{% set ns = namespace(s=[]) %}{% for i in range(99999) %}{% set ns.s = [ns.s] %}{% endfor %}",
    "{% set ns = namespace(s={}) %}{% for i in range(99999) %}{% set ns.s = {'a': ns.s} %}{% endfor %}",
    "{% set ns = namespace() %}{% for i in range(99999) %}{% set ns.s = namespace(s=ns.s) %}{% endfor %}",
    "{% set ns = namespace(s=[1]) %}{% for i in range(99999) %}{% set ns.s = ns.s|map('string') %}{% endfor %}{{ ns.s|list }}",
    "{% set ns = namespace(s=[1]) %}{% for i in range(99999) %}{% set ns.s = ns.s|select %}{% endfor %}",
    "{% set ns = namespace(s=[1]) %}{% for i in range(99999) %}{% set ns.s = [1]|map('default', ns.s) %}{% endfor %}",
    "{% set ns = namespace(s=1) %}{% for i in range(99999) %}{% set ns.s = cycler(ns.s) %}{% endfor %}",
    "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}",
    "{% set ns = namespace(f=1) %}{% for i in range(99999) %}{% with old = ns.f %}{% macro m() %}{{ old }}{% endmacro %}{% set ns.f = m %}{% endwith %}{% endfor %}",
    "{% set a = ['x' * 9000] * 9000 %}{% for i in range(9999) %}{{ a }}{% endfor %}",
    "{{ ('x' * 9000000)|replace('x', 'y' * 9000000) }}",
    "{{ ('x' * 9000000)|replace('', 'y' * 9000000) }}",
    "{{ ('x' * 9000000).replace('x', 'y' * 9000000) }}",
    "{{ (['x' * 9000000] * 9000)|join('y' * 9000) }}",
    "{{ ('x' * 9000000).join(['y'] * 90000) }}",
    "{{ ('\\n' * 9000000)|indent('x' * 9000, blank=true) }}",
    "{{ ([1] * 9000000)|tojson(separators=('x' * 9000, ':')) }}",
    "{{ [[[[1]]]]|tojson(indent='x' * 9000000) }}",
    "{{ 'x'.center(10**12) }}", "{{ 'x'|center(10**12) }}", "{{ 'x'.zfill(10**12) }}",
    "{{ '\\t'.expandtabs(10**12) }}", "{{ '%1000000000d' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}", "{{ '%.*f' % (10**9, 1.0) }}",
    "{{ 9**9**9**9 }}", "{{ 1 // 0 }}", "{{ 1 % 0 }}", "{{ (-9223372036854775807 - 1) // -1 }}",
    "{{ -(-9223372036854775807 - 1) }}", "{{ (-9223372036854775807 - 1)|abs }}",
    "{{ 9223372036854775807 + 1 }}",
    "{{ " + many("("),
    "{{ " + many("["),
    "{{ " + many("-") + "1 }}",
    "{{ " + many("not ") + "1 }}",
    "{{ 1" + many("|abs") + " }}",
    "{{ x" + many(".y") + " }}",
    "{{ 1" + many(" + 1") + " }}",
    "{{ 'a'" + many(" if 1 else 'a'") + " }}",
    many("{% if 1 %}"),
    many("{% for x in y %}"),
    "{% if 0 %}" + many("{% elif 0 %}") + "{% endif %}{{ 1 / 0 }}",
]

private let large: [String] = [
    "{{ 'abc'|truncate(9223372036854775807) }}", "{{ 'abc'[9223372036854775807:] }}",
    "{{ 'abc'[-9223372036854775807:9223372036854775807:9223372036854775807] }}",
    "{{ 'abc'[::-9223372036854775807] }}", "{{ range(9223372036854775807, 3)|list }}",
    "{{ range(0, -9223372036854775807, 9223372036854775807)|list }}",
    "{{ 2.5|round(9223372036854775807) }}", "{{ 2.5|round(-9223372036854775807) }}",
    "{{ 'abc'.find('c', -9223372036854775807, 9223372036854775807) }}",
    "{{ [1, 2]|batch(9223372036854775807)|list }}",
    "{{ [1, 2]|slice(9223372036854775807)|list }}",
    "{{ 'a b'.split(' ', 9223372036854775807) }}",
    "{{ 'a b'.replace('a', 'b', -9223372036854775807) }}", "{{ 1e308 * 10 }}",
    "{{ 'x' * -9223372036854775807 }}", "{{ (1e308 * 10)|int(7) }}", "{{ 'nan'|float|int }}",
    "{{ 9223372036854775807|filesizeformat }}", "{{ 1e300|filesizeformat }}",
    "{{ -9223372036854775807|abs }}", "{{ 'x'|wordwrap(-9223372036854775807) }}",
    "{{ 'a'|indent(9223372036854775807) }}", "{{ 'a'.ljust(-9223372036854775807) }}",
]
