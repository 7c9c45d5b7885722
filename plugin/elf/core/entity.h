// The entities of an object: each function and variable that it defines, and what each relocation refers to.
#ifndef HOTRELOAD_ELF_ENTITY_H
#define HOTRELOAD_ELF_ENTITY_H

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "object.h"

namespace hotreload {

enum class Kind { kFunction, kVariable, kConstant, kThreadLocal };

/// A definition that has a name of its own. Several names of one place (C1 and C2 constructors) are entities each.
struct Entity {
  std::string name;     ///< as in the symbol table
  std::string key;      ///< what it is matched by from one compilation to the next; usually the name
  Kind kind;
  bool local;           ///< STB_LOCAL: belongs to this translation unit alone
  bool weak;            ///< other translation units may define the same (vague linkage)
  bool hidden;          ///< cannot be preempted by another module
  bool indirect;        ///< STT_GNU_IFUNC: this is the code that chooses the function's code
  /// Lives and dies with the code that refers to it: a clone, a label. It is compared and copied as part of that code.
  bool part_of_user;
  /// The key stands for several entities that cannot be told apart.
  bool ambiguous = false;
  /// Of a numbered static of C: the functions that use it, which tell one from another of the same name.
  std::set<std::string> users;
  uint32_t section;     ///< 0 for a common symbol
  uint64_t offset;
  uint64_t size;
};

/// True for `f.cold` and `f.constprop.0` of `f`.
bool is_clone_of(const Entity& clone, const Entity& function);

/// What a relocation refers to.
struct Target {
  enum class Form {
    kExternal,  ///< a symbol that the object does not define: `name`
    kEntity,    ///< `entity`, and `offset` from its start
    kContents,  ///< contents without a name of their own: `section`, and `offset` in it
    kNothing,   ///< no symbol: the GOT, local-dynamic TLS
  };
  Form form;
  std::string_view name;
  const Entity* entity = nullptr;
  uint32_t section = 0;
  int64_t offset = 0;
};

class Entities {
 public:
  /// `object` is shared; the entities point into it.
  static std::shared_ptr<const Entities> of(std::shared_ptr<const Object> object);

  const Object& object() const { return *object_; }
  bool from_clang() const { return from_clang_; }
  const std::vector<Entity>& all() const { return all_; }
  /// By key; null if the object defines none. Local and global names are one space within an object.
  const Entity* find(const std::string& key) const;
  /// The entity whose bytes contain the place, a named one before its clones; null if there is none.
  const Entity* at(uint32_t section, int64_t offset) const;
  Target target_of(uint32_t section, const Relocation& relocation) const;
  /// Where contents without a name that start at `offset` end: before the next thing that anything refers to.
  uint64_t contents_end(uint32_t section, uint64_t offset) const;
  /// The language-specific data area of the function at this place: a place in .gcc_except_table, or section 0.
  Target exception_table_of(const Entity& function) const;
  /// Names of the functions that refer to the entity, without what marks their clones.
  std::set<std::string> users_of(const Entity& entity) const;
  /// True if data refers into the middle of a function (labels of computed goto): such data belong to one version.
  bool refers_into_function(const Entity& entity) const;

 private:
  explicit Entities(std::shared_ptr<const Object> object) : object_(std::move(object)) {}
  void collect();
  void key_numbered_statics();
  void index_places();
  void collect_anchors();
  void read_frames();
  int64_t immediate_behind(uint32_t section, const Relocation& relocation) const;
  const Entity* beside(uint32_t section, int64_t place) const;
  const Entity* indirect(const Symbol& symbol) const;

  std::shared_ptr<const Object> object_;
  std::vector<Entity> all_;
  bool from_clang_ = false;
  std::unordered_map<std::string, size_t> by_key_;
  std::unordered_map<uint32_t, std::vector<size_t>> by_section_;  // sorted by offset, named before clones
  /// Places that something refers to -> whether the place is exact: see target_of.
  std::unordered_map<uint32_t, std::map<uint64_t, bool>> anchors_;
  std::map<std::pair<uint32_t, uint64_t>, Target> exception_tables_;
};

}  // namespace hotreload

#endif
