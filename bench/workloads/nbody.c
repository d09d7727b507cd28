// nbody STEPS: planets on their ways around a sun, in double precision; prints the energy of the system at the end.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { kBodies = 5 };

struct body {
  double position[3], velocity[3], mass;
};

// Ways that are nearly circles, each planet further out and lighter than the one before.
static void set_up(struct body* bodies) {
  bodies[0] = (struct body){.mass = 39.5};
  for (int i = 1; i < kBodies; ++i) {
    const double distance = 3.0 * i, angle = 1.7 * i, speed = sqrt(bodies[0].mass / distance);
    bodies[i] = (struct body){.position = {distance * cos(angle), distance * sin(angle), 0.1 * i},
                              .velocity = {-speed * sin(angle), speed * cos(angle), 0.02 * i},
                              .mass = 0.04 / (i * i)};
  }
}

static double square(const double* vector) { return vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]; }

static void attract(struct body* one, struct body* other, double step) {
  double difference[3];
  for (int k = 0; k < 3; ++k) difference[k] = one->position[k] - other->position[k];
  const double distance = square(difference), pull = step / (distance * sqrt(distance));
  for (int k = 0; k < 3; ++k) {
    one->velocity[k] -= difference[k] * other->mass * pull;
    other->velocity[k] += difference[k] * one->mass * pull;
  }
}

static void advance(struct body* bodies, double step) {
  for (int i = 0; i < kBodies; ++i)
    for (int j = i + 1; j < kBodies; ++j) attract(&bodies[i], &bodies[j], step);
  for (int i = 0; i < kBodies; ++i)
    for (int k = 0; k < 3; ++k) bodies[i].position[k] += step * bodies[i].velocity[k];
}

static double energy(const struct body* bodies) {
  double sum = 0;
  for (int i = 0; i < kBodies; ++i) {
    sum += 0.5 * bodies[i].mass * square(bodies[i].velocity);
    for (int j = i + 1; j < kBodies; ++j) {
      double difference[3];
      for (int k = 0; k < 3; ++k) difference[k] = bodies[i].position[k] - bodies[j].position[k];
      sum -= bodies[i].mass * bodies[j].mass / sqrt(square(difference));
    }
  }
  return sum;
}

int main(int count, char** words) {
  struct body bodies[kBodies];
  set_up(bodies);
  for (long steps = count > 1 ? atol(words[1]) : 1000; steps > 0; --steps) advance(bodies, 0.001);
  printf("%.6f\n", energy(bodies));
  return 0;
}
