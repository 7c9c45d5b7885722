// The native addon: converts values between JavaScript and the core, and does the core's work off the event loop.
//
// Each function returns a promise; an Error of the core rejects it with a plain object { code, message, file }.
// Objects, modules and plans are opaque handles (External), which JavaScript's garbage collector owns.
#include <napi.h>
#include <sys/socket.h>

#include <any>
#include <functional>

#include "core/bind.h"
#include "core/crash.h"
#include "core/exports.h"
#include "core/layout.h"
#include "core/names.h"
#include "core/places.h"
#include "core/symbol_names.h"
#include "core/type_uses.h"
#include "image/produce.h"

namespace {

using namespace hotreload;

using ObjectHandle = std::shared_ptr<const Entities>;
using ModuleHandle = std::shared_ptr<const Module>;
using LocatedHandle = std::shared_ptr<const Located>;
using ExportsHandle = std::shared_ptr<const Exports>;
using PlanHandle = std::shared_ptr<const Plan>;

struct Box {
  std::any contents;
};

template <typename T>
Napi::Value wrap(Napi::Env env, T handle) {
  return Napi::External<Box>::New(env, new Box{std::move(handle)}, [](Napi::Env, Box* box) { delete box; });
}

/// The handle in a value; null for null and undefined. Throws TypeError for anything else.
template <typename T>
T unwrap(const Napi::Value& value) {
  if (value.IsNull() || value.IsUndefined()) return nullptr;
  if (value.IsExternal()) {
    const T* handle = std::any_cast<T>(&value.As<Napi::External<Box>>().Data()->contents);
    if (handle) return *handle;
  }
  throw Napi::TypeError::New(value.Env(), "not a handle of the expected kind");
}

Napi::Object to_js(Napi::Env env, const Error& error) {
  Napi::Object object = Napi::Object::New(env);
  object["code"] = error.code;
  object["message"] = error.message;
  object["file"] = error.file;
  return object;
}

template <typename T, typename F>
Napi::Array to_array(Napi::Env env, const std::vector<T>& values, F convert) {
  Napi::Array array = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); i++) array[i] = convert(values[i]);
  return array;
}

template <typename T>
class Work : public Napi::AsyncWorker {
 public:
  using Run = std::function<Result<T>()>;
  using Convert = std::function<Napi::Value(Napi::Env, T&)>;

  static Napi::Value start(Napi::Env env, Run run, Convert convert) {
    auto* work = new Work(env, std::move(run), std::move(convert));
    work->Queue();
    return work->deferred_.Promise();
  }

 private:
  Work(Napi::Env env, Run run, Convert convert)
      : AsyncWorker(env), deferred_(env), run_(std::move(run)), convert_(std::move(convert)) {}

  void Execute() override { result_.emplace(run_()); }
  void OnOK() override {
    Napi::HandleScope scope(Env());
    if (*result_) {
      deferred_.Resolve(convert_(Env(), result_->value()));
    } else {
      deferred_.Reject(to_js(Env(), result_->error()));
    }
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

  Napi::Promise::Deferred deferred_;
  Run run_;
  Convert convert_;
  std::optional<Result<T>> result_;
};

const char* text_of(Kind kind) {
  switch (kind) {
    case Kind::kFunction: return "function";
    case Kind::kVariable: return "variable";
    case Kind::kConstant: return "constant";
    case Kind::kThreadLocal: return "threadLocal";
  }
  return "";
}

Kind kind_of(const std::string& text) {
  if (text == "function") return Kind::kFunction;
  if (text == "variable") return Kind::kVariable;
  return text == "constant" ? Kind::kConstant : Kind::kThreadLocal;
}

Napi::Value refusals_to_js(Napi::Env env, const std::vector<Refusal>& refusals) {
  return to_array(env, refusals, [&](const Refusal& refusal) {
    Napi::Object object = Napi::Object::New(env);
    object["code"] = refusal.code;
    object["message"] = refusal.message;
    object["symbol"] = refusal.symbol;
    return object;
  });
}

Napi::Value keys_to_js(Napi::Env env, const std::vector<std::string>& keys) {
  return to_array(env, keys, [&](const std::string& key) { return Napi::String::New(env, key); });
}

Napi::Value diff_to_js(Napi::Env env, const Diff& diff) {
  Napi::Object object = Napi::Object::New(env);
  object["changedFunctions"] = keys_to_js(env, diff.changed_functions);
  object["newFunctions"] = keys_to_js(env, diff.new_functions);
  object["newVariables"] = keys_to_js(env, diff.new_variables);
  object["changedInitializers"] = keys_to_js(env, diff.changed_initializers);
  object["changedConstants"] = keys_to_js(env, diff.changed_constants);
  object["initialized"] = keys_to_js(env, diff.initialized);
  object["rewrittenInitializers"] = keys_to_js(env, diff.initializers.variables);
  object["otherInitializers"] = diff.initializers.others;
  object["staticInitializers"] = keys_to_js(env, diff.static_initializers);
  object["startFunctions"] = keys_to_js(env, diff.start_functions);
  object["leftBehind"] = keys_to_js(env, diff.left_behind);
  object["refusals"] = refusals_to_js(env, diff.refusals);
  return object;
}

Napi::Value introduced_to_js(Napi::Env env, const std::vector<Introduced>& list) {
  return to_array(env, list, [&](const Introduced& entry) {
    Napi::Object object = Napi::Object::New(env);
    object["module"] = entry.module;
    object["object"] = entry.object;
    object["key"] = entry.key;
    object["kind"] = text_of(entry.kind);
    object["address"] = double(entry.address);
    object["size"] = double(entry.size);
    object["tlsModule"] = double(entry.tls_module);
    object["renamed"] = entry.renamed;
    object["pointers"] = to_array(env, entry.pointers, [&](const std::pair<uint64_t, uint64_t>& pointer) {
      Napi::Array pair = Napi::Array::New(env, 2);
      pair[0u] = double(pointer.first);
      pair[1u] = double(pointer.second);
      return pair;
    });
    return object;
  });
}

Napi::Value ranges_to_js(Napi::Env env, const std::vector<CodeRange>& ranges) {
  return to_array(env, ranges, [&](const CodeRange& range) {
    Napi::Object object = Napi::Object::New(env);
    object["start"] = double(range.start);
    object["size"] = double(range.size);
    return object;
  });
}

uint64_t number(const Napi::Object& object, const char* name) {
  return uint64_t(object.Get(name).ToNumber().Int64Value());
}

std::string string(const Napi::Object& object, const char* name) { return object.Get(name).ToString().Utf8Value(); }

bool flag(const Napi::Object& object, const char* name) { return object.Get(name).ToBoolean(); }

std::vector<std::string> strings(const Napi::Value& value) {
  std::vector<std::string> list;
  const Napi::Array array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) list.push_back(array.Get(i).ToString());
  return list;
}

template <typename F>
void for_each_value(const Napi::Value& value, F take) {
  const Napi::Array array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) take(array.Get(i));
}

template <typename F>
void for_each(const Napi::Value& value, F take) {
  for_each_value(value, [&](const Napi::Value& element) { take(element.ToObject()); });
}

std::vector<std::pair<uint64_t, uint64_t>> pointers(const Napi::Value& value) {
  std::vector<std::pair<uint64_t, uint64_t>> list;
  for_each(value, [&](const Napi::Object& pair) { list.emplace_back(number(pair, "0"), number(pair, "1")); });
  return list;
}

PatchInput patch_input(const Napi::Object& value) {
  PatchInput input{};
  for_each(value.Get("modules"), [&](const Napi::Object& module) {
    input.modules.push_back({unwrap<ModuleHandle>(module.Get("handle")), number(module, "bias"),
                             number(module, "tlsModule")});
  });
  input.target = number(value, "target");
  for_each(value.Get("introduced"), [&](const Napi::Object& entry) {
    input.introduced.push_back({string(entry, "module"), string(entry, "object"), string(entry, "key"),
                                kind_of(string(entry, "kind")), number(entry, "address"), number(entry, "size"),
                                number(entry, "tlsModule"), flag(entry, "renamed"), pointers(entry.Get("pointers"))});
  });
  for_each(value.Get("removed"), [&](const Napi::Object& entry) {
    input.removed.insert({string(entry, "object"), string(entry, "key"), flag(entry, "weak")});
  });
  for (const std::string& name : strings(value.Get("renewed"))) input.renewed.insert(name);
  input.others = strings(value.Get("others"));
  for_each(value.Get("objects"), [&](const Napi::Object& object) {
    input.objects.push_back({string(object, "id"), unwrap<ObjectHandle>(object.Get("before")),
                             unwrap<ObjectHandle>(object.Get("after")), unwrap<LocatedHandle>(object.Get("located")),
                             unwrap<ObjectHandle>(object.Get("built")), unwrap<ObjectHandle>(object.Get("lines")),
                             nullptr});
  });
  input.start = number(value, "start");
  input.directory = string(value, "directory");
  return input;
}

Napi::Value read_object_js(const Napi::CallbackInfo& info) {
  const std::string path = info[0].ToString();
  return Work<ObjectHandle>::start(
      info.Env(),
      [path]() -> Result<ObjectHandle> {
        auto object = read_object(path);
        if (!object) return object.error();
        return Entities::of(object.value());
      },
      [](Napi::Env env, ObjectHandle& handle) { return wrap(env, handle); });
}

Napi::Value read_module_js(const Napi::CallbackInfo& info) {
  const std::string path = info[0].ToString();
  std::vector<std::string> objects;
  for_each_value(info[1], [&](const Napi::Value& object) { objects.push_back(object.ToString()); });
  return Work<ModuleHandle>::start(
      info.Env(), [path, objects] { return read_module(path, objects); },
      [](Napi::Env env, ModuleHandle& module) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object["buildId"] = module->build_id;
        object["executable"] = module->executable;
        object["handle"] = wrap(env, module);
        return object;
      });
}

Napi::Value locate_js(const Napi::CallbackInfo& info) {
  const auto module = unwrap<ModuleHandle>(info[0]);
  const auto original = unwrap<ObjectHandle>(info[1]);
  return Work<LocatedHandle>::start(
      info.Env(),
      [module, original]() -> Result<LocatedHandle> {
        auto located = locate_locals(*module, *original);
        if (!located) return located.error();
        return std::make_shared<const Located>(std::move(located.value()));
      },
      [](Napi::Env env, LocatedHandle& handle) { return wrap(env, handle); });
}

Napi::Value diff_js(const Napi::CallbackInfo& info) {
  const auto before = unwrap<ObjectHandle>(info[0]), after = unwrap<ObjectHandle>(info[1]);
  return Work<Diff>::start(
      info.Env(), [before, after]() -> Result<Diff> { return diff_entities(before, after); },
      [](Napi::Env env, Diff& diff) { return diff_to_js(env, diff); });
}

Napi::Value symbol_names_js(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const SymbolNames names = symbol_names(*unwrap<ObjectHandle>(info[0]));
  Napi::Object object = Napi::Object::New(env);
  object["source"] = names.source;
  object["defined"] = keys_to_js(env, names.defined);
  object["undefined"] = keys_to_js(env, names.undefined);
  object["statics"] = keys_to_js(env, names.statics);
  return object;
}

Napi::Value layouts_js(const Napi::CallbackInfo& info) {
  const std::string before = info[0].ToString(), after = info[1].ToString();
  return Work<std::vector<LayoutChange>>::start(
      info.Env(), [before, after] { return compare_layouts(before, after); },
      [](Napi::Env env, std::vector<LayoutChange>& changes) {
        return to_array(env, changes, [&](const LayoutChange& change) {
          Napi::Object object = Napi::Object::New(env);
          object["code"] = change.code;
          object["message"] = change.message;
          object["symbol"] = change.symbol;
          object["file"] = change.file;
          object["line"] = double(change.line);
          object["type"] = change.type;
          return object;
        });
      });
}

Napi::Value type_uses_js(const Napi::CallbackInfo& info) {
  const std::string object = info[0].ToString();
  std::vector<std::string> types;
  const Napi::Array list = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) types.push_back(list.Get(i).ToString());
  return Work<std::vector<TypeUse>>::start(
      info.Env(), [object, types] { return find_type_uses(object, types); },
      [](Napi::Env env, std::vector<TypeUse>& uses) {
        return to_array(env, uses, [&](const TypeUse& use) {
          Napi::Object value = Napi::Object::New(env);
          value["type"] = use.type;
          value["form"] = use.form == TypeUse::Form::kLocal ? "local" : "escape";
          value["user"] = use.user;
          value["functions"] = keys_to_js(env, use.functions);
          return value;
        });
      });
}

Napi::Value places_js(const Napi::CallbackInfo& info) {
  using Places = std::unordered_map<std::string, Place>;
  const std::string path = info[0].ToString();
  return Work<Places>::start(
      info.Env(), [path] { return read_places(path); },
      [](Napi::Env env, Places& places) {
        const std::vector<std::pair<std::string, Place>> list(places.begin(), places.end());
        return to_array(env, list, [&](const std::pair<std::string, Place>& entry) {
          Napi::Object object = Napi::Object::New(env);
          object["symbol"] = entry.first;
          object["file"] = entry.second.file;
          object["line"] = double(entry.second.line);
          object["name"] = entry.second.name;
          object["parameters"] = entry.second.parameters;
          return object;
        });
      });
}

Napi::Value read_crash_js(const Napi::CallbackInfo& info) {
  const std::string record = info[0].ToString();
  std::vector<CrashModule> modules;
  const Napi::Array list = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) {
    const Napi::Object module = list.Get(i).ToObject();
    modules.push_back({module.Get("path").ToString(), uint64_t(module.Get("bias").ToNumber().Int64Value()),
                       uint64_t(module.Get("start").ToNumber().Int64Value()),
                       uint64_t(module.Get("end").ToNumber().Int64Value()), module.Get("buildId").ToString()});
  }
  return Work<Crash>::start(
      info.Env(), [record, modules] { return read_crash(record, modules); },
      [](Napi::Env env, Crash& crash) {
        Napi::Object object = Napi::Object::New(env);
        object["signal"] = double(crash.signal);
        object["frames"] = to_array(env, crash.frames, [&](const CrashFrame& frame) {
          Napi::Object value = Napi::Object::New(env);
          value["module"] = frame.module;
          value["function"] = frame.function;
          value["file"] = frame.file;
          value["line"] = double(frame.line);
          return value;
        });
        return object;
      });
}

Napi::Value plan_js(const Napi::CallbackInfo& info) {
  auto input = std::make_shared<PatchInput>(patch_input(info[0].ToObject()));
  return Work<Plan>::start(
      info.Env(), [input] { return plan_patch(std::move(*input)); },
      [](Napi::Env env, Plan& plan) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object["diffs"] = to_array(env, plan.diffs, [&](const Diff& diff) { return diff_to_js(env, diff); });
        object["refusals"] = refusals_to_js(env, plan.refusals);
        object["writes"] = to_array(env, plan.writes, [&](const Write& write) {
          Napi::Object entry = Napi::Object::New(env);
          entry["key"] = write.key;
          entry["conditional"] = write.expected.has_value();
          return entry;
        });
        object["kept"] = to_array(env, plan.kept, [&](const Kept& kept) {
          Napi::Object entry = Napi::Object::New(env);
          entry["key"] = kept.key;
          entry["reason"] = kept.reason;
          return entry;
        });
        object["files"] = keys_to_js(env, plan.files);
        object["named"] = keys_to_js(env, plan.named);
        object["empty"] = plan.empty;
        object["lined"] = plan.lined;
        object["constructionsLeaveModule"] = plan.constructions_leave_module;
        const std::vector<Removed> removed(plan.removed.begin(), plan.removed.end());
        object["removed"] = to_array(env, removed, [&](const Removed& function) {
          Napi::Object entry = Napi::Object::New(env);
          entry["object"] = function.object;
          entry["key"] = function.key;
          entry["weak"] = function.weak;
          return entry;
        });
        object["handle"] = wrap(env, PlanHandle(std::make_shared<Plan>(std::move(plan))));
        return object;
      });
}

Napi::Value bind_js(const Napi::CallbackInfo& info) {
  const auto plan = unwrap<PlanHandle>(info[0]);
  const std::string library = info[1].ToString();
  return Work<Bound>::start(
      info.Env(), [plan, library] { return bind_patch(*plan, library); },
      [](Napi::Env env, Bound& bound) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object["size"] = double(bound.size);
        object["redirects"] = to_array(env, bound.redirects, [&](const Redirect& redirect) {
          Napi::Object entry = Napi::Object::New(env);
          entry["name"] = redirect.name;
          entry["entry"] = double(redirect.entry);
          entry["oldCode"] = ranges_to_js(env, redirect.old_code);
          entry["newCode"] = ranges_to_js(env, redirect.new_code);
          entry["moved"] = redirect.moved;
          entry["reliedOn"] = keys_to_js(env, redirect.relied_on);
          return entry;
        });
        object["introduced"] = introduced_to_js(env, bound.introduced);
        object["refusals"] = refusals_to_js(env, bound.refusals);
        return object;
      });
}

std::vector<std::pair<std::string, std::string>> pairs(const Napi::Value& value) {
  std::vector<std::pair<std::string, std::string>> list;
  for_each(value, [&](const Napi::Object& pair) { list.emplace_back(string(pair, "first"), string(pair, "second")); });
  return list;
}

Napi::Value produce_js(const Napi::CallbackInfo& info) {
  const Napi::Object value = info[0].ToObject();
  auto input = std::make_shared<ProduceInput>();
  input->module = string(value, "module");
  input->debug_file = string(value, "debugFile");
  input->unit = string(value, "unit");
  for (const auto& [after, before] : pairs(value.Get("objects"))) input->objects.push_back({after, before});
  input->renames = pairs(value.Get("renames"));
  input->values = pairs(value.Get("values"));
  input->apply_initializers = value.Get("applyInitializers").ToBoolean();
  input->description = string(value, "description");
  return Work<Produced>::start(
      info.Env(), [input] { return produce(*input); },
      [](Napi::Env env, Produced& produced) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object["payload"] = Napi::Buffer<char>::Copy(env, produced.payload.data(), produced.payload.size());
        object["buildId"] = produced.build_id;
        object["bits"] = produced.bits;
        object["replaced"] = keys_to_js(env, produced.replaced);
        object["addedFunctions"] = keys_to_js(env, produced.added_functions);
        object["addedVariables"] = keys_to_js(env, produced.added_variables);
        object["edited"] = keys_to_js(env, produced.edited);
        object["kept"] = keys_to_js(env, produced.kept);
        object["unused"] = keys_to_js(env, produced.unused);
        object["refusals"] = refusals_to_js(env, produced.refusals);
        return object;
      });
}

Napi::Value read_exports_js(const Napi::CallbackInfo& info) {
  std::vector<std::string> paths;
  const Napi::Array list = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) paths.push_back(list.Get(i).ToString());
  return Work<ExportsHandle>::start(
      info.Env(), [paths]() -> Result<ExportsHandle> { return read_exports(paths); },
      [](Napi::Env env, ExportsHandle& handle) { return wrap(env, handle); });
}

Napi::Value write_stand_ins_js(const Napi::CallbackInfo& info) {
  const auto exports = unwrap<ExportsHandle>(info[0]);
  const auto plan = unwrap<PlanHandle>(info[1]);
  const std::string directory = info[2].ToString();
  return Work<std::vector<std::string>>::start(
      info.Env(), [exports, plan, directory] { return write_stand_ins(*exports, plan->externals, directory); },
      [](Napi::Env env, std::vector<std::string>& paths) { return keys_to_js(env, paths); });
}

Napi::Value short_name_js(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), short_name(info[0].ToString().Utf8Value()));
}

/// { pid, uid } of the process at the other end of a Unix socket (SO_PEERCRED), undefined if it cannot be told.
Napi::Value peer_credentials_js(const Napi::CallbackInfo& info) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  const int fd = info[0].ToNumber().Int32Value();
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return info.Env().Undefined();
  Napi::Object object = Napi::Object::New(info.Env());
  object["pid"] = double(credentials.pid);
  object["uid"] = double(credentials.uid);
  return object;
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports["readObject"] = Napi::Function::New(env, read_object_js);
  exports["readModule"] = Napi::Function::New(env, read_module_js);
  exports["symbolNames"] = Napi::Function::New(env, symbol_names_js);
  exports["locate"] = Napi::Function::New(env, locate_js);
  exports["diff"] = Napi::Function::New(env, diff_js);
  exports["layouts"] = Napi::Function::New(env, layouts_js);
  exports["typeUses"] = Napi::Function::New(env, type_uses_js);
  exports["places"] = Napi::Function::New(env, places_js);
  exports["readCrash"] = Napi::Function::New(env, read_crash_js);
  exports["plan"] = Napi::Function::New(env, plan_js);
  exports["bind"] = Napi::Function::New(env, bind_js);
  exports["produce"] = Napi::Function::New(env, produce_js);
  exports["readExports"] = Napi::Function::New(env, read_exports_js);
  exports["writeStandIns"] = Napi::Function::New(env, write_stand_ins_js);
  exports["shortName"] = Napi::Function::New(env, short_name_js);
  exports["peerCredentials"] = Napi::Function::New(env, peer_credentials_js);
  return exports;
}

}  // namespace

NODE_API_MODULE(hotreload_elf, initialize)
