/// The filters of `|`.
enum TemplateFilter: String {
    case abs, attr, batch, capitalize, center, count, d, `default`, dictsort, e, escape
    case filesizeformat, first, float, forceescape, format, groupby, indent, int, items, join, last
    case length, list, lower, map, max, min, pprint, random, reject, rejectattr, replace, reverse
    case round, safe, select, selectattr, slice, sort, string, striptags, sum, title, tojson, trim
    case truncate, unique, upper, urlencode, urlize, wordcount, wordwrap, xmlattr

    func apply(
        _ value: TemplateValue, _ arguments: CallArguments, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .d, .default:
            let bound = try bind(arguments, ["default_value", "boolean"])
            let isReplaced = value.isUndefined || bound.bool(1) && !value.isTrue
            return isReplaced ? bound[0] ?? .string("") : value
        case .tojson: return .string(try JSONDump(arguments).text(value))
        case .attr:
            let name = try bind(arguments, ["name"], required: 1).value(0).requireText()
            return try Members.pythonOnly(name, of: value, interpreter)
        case .pprint, .random, .urlize, .wordwrap:
            throw TemplateError(.unsupported, "the filter '\(rawValue)'")
        case .abs, .int, .float, .round, .filesizeformat:
            return try applyToNumber(value, arguments)
        case .capitalize, .center, .e, .escape, .forceescape, .format, .indent, .lower, .replace,
            .safe, .string, .striptags, .title, .trim, .truncate, .upper, .urlencode, .wordcount,
            .xmlattr:
            return try applyToText(value, arguments, interpreter)
        case .map, .select, .reject, .selectattr, .rejectattr:
            return try applyToEach(value, arguments, interpreter)
        case .dictsort, .groupby, .max, .min, .sort, .unique:
            return try applyByOrder(value, arguments, interpreter)
        case .batch, .count, .first, .items, .join, .last, .length, .list, .reverse, .slice, .sum:
            return try applyToItems(value, arguments, interpreter)
        }
    }

    func bind(
        _ arguments: CallArguments, _ names: [String], required: Int = 0
    ) throws(TemplateError) -> BoundArguments {
        try arguments.bind("do_\(rawValue)", names, required: required)
    }
}
