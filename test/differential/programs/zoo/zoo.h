#ifndef ZOO_H
#define ZOO_H
#ifdef __cplusplus
extern "C" {
#endif
void ring_probe(unsigned input);
void ring_state(void);
void text_probe(unsigned input);
void text_state(void);
void calculator_probe(unsigned input);
void shapes_start(void);
void shapes_probe(unsigned input);
void shapes_state(void);
void algorithms_probe(unsigned input);
void registry_probe(unsigned input);
void registry_state(void);
void events_probe(unsigned input);
#ifdef __cplusplus
}
#endif
#endif
