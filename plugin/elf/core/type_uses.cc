// Finds the uses of types: first the entries that describe the types, then whatever refers to one of them.
#include "type_uses.h"

#include <dwarf.h>

#include <map>
#include <set>
#include <unordered_map>

#include "debug_info.h"
#include "dwarf_types.h"
#include "type_names.h"

namespace hotreload {

namespace {

constexpr int kDeepest = 24;

/// The type that stands at the end of typedefs, qualifiers and arrays, and whether a pointer or a reference was on the way.
struct Reached {
  void* type = nullptr;
  bool by_pointer = false;
};

Reached reach(Dwarf_Die* user) {
  Reached reached;
  Dwarf_Die at = *user;
  for (int depth = 0; depth < kDeepest; depth++) {
    Dwarf_Die next;
    if (!referred_by(&at, DW_AT_type, &next)) return {};
    at = next;
    const int tag = dwarf_tag(&at);
    if (is_type(tag)) {
      reached.type = at.addr;
      return reached;
    }
    if (tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type ||
        tag == DW_TAG_ptr_to_member_type || tag == DW_TAG_subroutine_type) {
      reached.by_pointer = true;
    }
  }
  return {};
}

class Finder {
 public:
  explicit Finder(const std::vector<std::string>& types) : wanted_(types.begin(), types.end()) {}

  std::vector<TypeUse> find(std::vector<DebugUnit>* units) {
    for (DebugUnit& unit : *units) names_.read(&unit.die);
    for (DebugUnit& unit : *units) name_children(&unit.die, "", 0);
    for (DebugUnit& unit : *units) {
      is_gcc_ = string_of(&unit.die, DW_AT_producer).compare(0, 4, "GNU ") == 0;
      visit_children(&unit.die, Context{}, 0);
    }
    for (const auto& [pointer, type] : pointers_) {
      if (explained_.count(pointer) == 0) uses_.push_back({type, TypeUse::Form::kEscape, "a pointer", {}});
    }
    for (auto& [body, local] : locals_) {
      for (const std::string& name : local.types) {
        const auto inlined = inlined_in_.find(body);
        std::vector<std::string> functions{local.function};
        if (inlined != inlined_in_.end()) functions.insert(functions.end(), inlined->second.begin(), inlined->second.end());
        uses_.push_back({name, TypeUse::Form::kLocal, local.name + "()", functions});
      }
    }
    return std::move(uses_);
  }

 private:
  // As in layout.cc: the names of types are made of the scopes that they stand in.
  void name_children(Dwarf_Die* parent, const std::string& scope, int depth) {
    if (depth > kDeepest) return;
    for_each_child(parent, [&](Dwarf_Die* child) {
      const int tag = dwarf_tag(child);
      if (tag == DW_TAG_namespace) return name_children(child, scope + name_of(child) + "::", depth + 1);
      if (tag == DW_TAG_lexical_block) return name_children(child, scope, depth + 1);
      if (tag == DW_TAG_subprogram && function_entry(child) != FunctionEntry::kDeclaration) {
        return name_children(child, scope_of_function(child, scope), depth + 1);
      }
      if (!is_type(tag)) return;
      const std::string name = names_.of(child, scope);
      if (wanted_.count(name) > 0) types_.emplace(child->addr, name);
      if (tag != DW_TAG_enumeration_type) name_children(child, name + "::", depth + 1);
    });
  }

  struct Context {
    void* body = nullptr;        ///< the entry of the function whose source this is
    std::string function, name;  ///< its linkage name, its name
    std::string owner;           ///< the type that is described
    /// All functions that it calls are described: clang leaves out those of other files where it does not optimise.
    bool calls_are_described = false;
  };

  void visit_children(Dwarf_Die* parent, const Context& context, int depth) {
    if (depth > 4 * kDeepest) return;
    for_each_child(parent, [&](Dwarf_Die* child) { visit(child, context, depth); });
  }

  void visit(Dwarf_Die* die, Context context, int depth) {
    const int tag = dwarf_tag(die);
    switch (tag) {
      case DW_TAG_subprogram:
        if (flag_of(die, DW_AT_artificial) && dwarf_hasattr(die, DW_AT_declaration)) return explain_pointers(die);
        // A pointer to the result of a function leads to objects that are older than the call.
        if (!dwarf_hasattr(die, DW_AT_abstract_origin)) note_escape(die, name_of(die) + "()");
        enter_function(die, &context);
        break;
      case DW_TAG_inlined_subroutine: {
        Dwarf_Die origin;
        if (referred_by(die, DW_AT_abstract_origin, &origin)) inlined_in_[origin.addr].insert(context.function);
        break;
      }
      // What has an origin is a copy of what stands there.
      case DW_TAG_variable:
        if (!dwarf_hasattr(die, DW_AT_abstract_origin)) note_variable(die, context);
        return;
      case DW_TAG_formal_parameter:
        if (flag_of(die, DW_AT_artificial)) explain_pointer(die);
        else if (!dwarf_hasattr(die, DW_AT_abstract_origin)) note_escape(die, context.name + "()");
        return;
      case DW_TAG_structure_type:
      case DW_TAG_class_type:
      case DW_TAG_union_type: context.owner = "the type " + name_of(die); break;
      case DW_TAG_member:
      case DW_TAG_inheritance:
      case DW_TAG_template_type_parameter:
      case DW_TAG_template_value_parameter:
        note_escape(die, context.owner.empty() ? context.name + "()" : context.owner);
        return;
      case DW_TAG_namespace:
      case DW_TAG_lexical_block:
      case DW_TAG_catch_block:
      case DW_TAG_try_block: break;
      case DW_TAG_pointer_type:
      case DW_TAG_reference_type:
      case DW_TAG_rvalue_reference_type: note_pointer(die); return;
      default: return;
    }
    visit_children(die, context, depth + 1);
  }

  /// The source of a function is its definition or abstract instance; what has code is where it was compiled to.
  void enter_function(Dwarf_Die* die, Context* context) {
    Dwarf_Die origin = *die, next;
    while (referred_by(&origin, DW_AT_abstract_origin, &next) && next.addr != origin.addr) origin = next;
    context->body = origin.addr;
    context->name = name_of(&origin);
    context->function = linkage_name(&origin, "");
    context->owner.clear();
    context->calls_are_described = is_gcc_ || dwarf_hasattr(die, DW_AT_call_all_calls) ||
                                   dwarf_hasattr(die, DW_AT_GNU_all_call_sites) || dwarf_hasattr(die, DW_AT_inline);
  }

  void note_variable(Dwarf_Die* die, const Context& context) {
    const Reached reached = reach(die);
    const auto type = types_.find(reached.type);
    if (type == types_.end()) return;
    const bool is_local = context.body && !is_static_variable(die, true) && !reached.by_pointer;
    if (!is_local) return note_escape(die, context.body ? context.name + "()" : "the variable " + name_of(die));
    // Nobody outside of its function can name a type that is defined there.
    if (!context.calls_are_described && type->second.find("()::") == std::string::npos) {
      return note_escape(die, context.name + "()");
    }
    Local& local = locals_[context.body];
    local.function = context.function;
    local.name = context.name;
    local.types.insert(type->second);
  }

  void note_escape(Dwarf_Die* die, const std::string& user) {
    const auto type = types_.find(reach(die).type);
    if (type == types_.end() || !escapes_.insert({type->second, user}).second) return;
    uses_.push_back({type->second, TypeUse::Form::kEscape, user, {}});
  }

  /// A pointer that nothing has but the object parameters of methods, and the constructors that the compiler declares by
  /// itself, is no way to an object.
  void note_pointer(Dwarf_Die* die) {
    const auto type = types_.find(reach(die).type);
    if (type != types_.end()) pointers_.emplace(die->addr, type->second);
  }

  void explain_pointer(Dwarf_Die* parameter) {
    Dwarf_Die at = *parameter, next;
    for (int depth = 0; depth < kDeepest && referred_by(&at, DW_AT_type, &next) && !is_type(dwarf_tag(&next)); depth++) {
      at = next;
      explained_.insert(at.addr);
    }
  }

  void explain_pointers(Dwarf_Die* function) {
    for_each_child(function, [&](Dwarf_Die* child) { explain_pointer(child); });
    explain_pointer(function);
  }

  const std::set<std::string> wanted_;
  TypeNames names_;
  bool is_gcc_ = false;
  std::unordered_map<void*, std::string> types_;  ///< entry -> name
  struct Local {
    std::string function, name;
    std::set<std::string> types;
  };
  std::map<void*, Local> locals_;  ///< by the entry of the function
  std::map<void*, std::set<std::string>> inlined_in_;
  std::map<void*, std::string> pointers_;  ///< entry -> the type that it points to
  std::set<void*> explained_;
  std::set<std::pair<std::string, std::string>> escapes_;
  std::vector<TypeUse> uses_;
};

}  // namespace

Result<std::vector<TypeUse>> find_type_uses(const std::string& object, const std::vector<std::string>& types) {
  auto info = read_debug_info(object);
  if (!info) return info.error();
  return Finder(types).find(&info.value().units);
}

}  // namespace hotreload
